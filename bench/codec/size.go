package main

import "context"

// size is how small frames get.
type size struct {
	Level int     `json:"level"`
	Ours  float64 `json:"native"` // and of the engines: compressed bytes by raw bytes
	Go    float64 `json:"go"`
}

// compressed returns the sizes of frames by level.
func compressed(ctx context.Context, candidates []candidate, w *work) ([]size, error) {
	var list []size
	for _, t := range levels {
		parts := make(map[string]float64)
		for _, c := range candidates {
			if c.name() != nativeName && c.name() != blake3Name {
				continue
			}
			bytes, err := c.run(ctx, t, 1)
			if err != nil {
				return nil, err
			}
			parts[c.name()] = float64(bytes) / float64(w.bytes(t))
		}
		list = append(list, size{t.level, parts[nativeName], parts[blake3Name]})
	}
	return list, nil
}
