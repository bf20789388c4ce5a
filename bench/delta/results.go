package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// results is a directory of what was measured before.
type results string

// get returns the result that key stands for, all that it depends on; if there is none, it measures it.
func (r results) get(key string, measure func() (cost, error)) (cost, error) {
	name := filepath.Join(string(r), fmt.Sprintf("%x.json", sha256.Sum256([]byte(key))))
	known, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		c, err := measure()
		if err != nil {
			return c, err
		}
		return c, write(name, c)
	}
	if err != nil {
		return cost{}, err
	}
	var c cost
	if err := json.Unmarshal(known, &c); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// write puts the file in place only when it is complete.
func write(name string, c cost) error {
	encoded, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name+".new", encoded, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
