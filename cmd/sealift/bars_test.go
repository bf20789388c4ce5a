package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8/decor"
)

// A library that forgets to end a task must not leave the program hanging, nor the screen without its messages.
func TestBarsClose(t *testing.T) {
	var b bytes.Buffer
	s := newScreen(&b)
	shown := newBars(s)
	forgotten := shown.Begin("forgotten", 100)
	forgotten.Add(10)
	shown.Begin("done", -1).End(nil)
	shown.Begin("failed", 100).End(errors.New("broken"))
	shown.close()
	shown.Begin("late", 100).Add(1)
	forgotten.Add(10)
	forgotten.End(nil)
	if _, err := io.WriteString(s, "afterwards\n"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(b.String(), "afterwards\n") {
		t.Errorf("screen shows %q", b.String())
	}
}

func TestBarTexts(t *testing.T) {
	tests := []struct {
		stat    decor.Statistics
		elapsed time.Duration
		want    string
	}{
		{decor.Statistics{}, 0, "0 B|"},
		{decor.Statistics{Current: 5e6}, 2 * time.Second, "5.0 MB|2.5 MB/s"},
		{decor.Statistics{Current: 5e6, Total: 20e6}, 2 * time.Second, "5.0 MB / 20 MB|2.5 MB/s, 6s left"},
		{decor.Statistics{Current: 20e6, Total: 20e6, Completed: true}, 2 * time.Second, "20 MB|done in 2.00 s"},
		{decor.Statistics{Current: 5e6, Total: 20e6, Aborted: true}, 2 * time.Second, "5.0 MB / 20 MB|stopped"},
	}
	for _, test := range tests {
		got := fmt.Sprintf("%s|%s", amount(test.stat), pace(test.stat, test.elapsed))
		if got != test.want {
			t.Errorf("%+v: got %q, want %q", test.stat, got, test.want)
		}
	}
}
