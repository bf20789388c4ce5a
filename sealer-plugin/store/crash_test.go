package store

import (
	"bufio"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The test binary runs itself as another process when these are set.
const (
	envRole    = "SEALIFT_STORE_TEST_ROLE"
	envDir     = "SEALIFT_STORE_TEST_DIR"
	envSamples = "SEALIFT_STORE_TEST_SAMPLES"
)

func TestMain(m *testing.M) {
	role, ok := map[string]func() error{"fill": fill, "hold": hold}[os.Getenv(envRole)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// hold opens a store, says so, and keeps it until standard input ends.
func hold() error {
	s, err := Open(os.Getenv(envDir))
	if err != nil {
		return err
	}
	fmt.Println("open")
	_ = bufio.NewScanner(os.Stdin).Scan()
	return s.Close()
}

// fill stores samples two by two, and a blob with each pair. When all that is durable, it prints how many samples there are.
func fill() error {
	runtime.LockOSThread() // so that strace counts all its system calls as those of one thread
	f, err := os.Open(os.Getenv(envSamples))
	if err != nil {
		return err
	}
	var samples []sample
	if err := gob.NewDecoder(f).Decode(&samples); err != nil {
		return err
	}
	s, err := Open(os.Getenv(envDir))
	if err != nil {
		return err
	}
	ctx := context.Background()
	for i, f := range samples {
		if err := s.Append(ctx, f.Frame, f.Extents); err != nil {
			return err
		}
		if i%2 == 0 {
			continue
		}
		if err := s.Flush(ctx); err != nil {
			return err
		}
		if err := s.PutBlob(ctx, describe(blobContent(i+1)), strings.NewReader(blobContent(i+1))); err != nil {
			return err
		}
		fmt.Println(i + 1)
	}
	return s.Close()
}

func blobContent(i int) string { return fmt.Sprintf("blob %d", i) }

func saveSamples(t *testing.T, samples []sample) (path string) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "samples"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := gob.NewEncoder(f).Encode(samples); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// self returns a command that runs this test binary in a role, by way of the program and arguments in wrapper, if any.
func self(role, dir, samples string, wrapper ...string) *exec.Cmd {
	argv := slices.Concat(wrapper, []string{os.Args[0]})
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), envRole+"="+role, envDir+"="+dir, envSamples+"="+samples)
	cmd.Stderr = os.Stderr
	return cmd
}

// runUntilKilled runs cmd, calls confirmed after each line that it prints, and returns the last of these numbers, and
// whether cmd came to its end.
func runUntilKilled(t *testing.T, cmd *exec.Cmd, confirmed func(n int)) (last int, done bool) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if last, err = strconv.Atoi(lines.Text()); err != nil {
			t.Fatal(err)
		}
		confirmed(last)
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.Exited()) {
		t.Fatalf("%v: %v", cmd, err)
	}
	return last, err == nil
}

// wantIntact opens the store in dir and fails the test unless the first n samples and their blobs are there, and
// everything is readable that the store says it has.
func wantIntact(t *testing.T, dir string, samples []sample, n int) {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	wantReadable(t, s, chunksOf(samples[:n]...))
	for _, f := range samples[n:] {
		if len(missing(t, s, chunksOf(f))) < len(f.Extents) {
			wantReadable(t, s, chunksOf(f)) // a frame is there as a whole, or not at all
		}
	}
	for i := 2; i <= n; i += 2 {
		if got := readBlob(t, s, describe(blobContent(i))); got != blobContent(i) {
			t.Errorf("blob %d is %q", i, got)
		}
	}
	if left, err := os.ReadDir(s.path("tmp")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestKilledAtRandom(t *testing.T) {
	samples := newSamples(t, 24, 70<<10)
	saved := saveSamples(t, samples)
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	killed := 0
	for range rounds {
		dir := t.TempDir()
		for range 2 { // the second process finds what the first one left
			cmd := self("fill", dir, saved)
			at := 2 * rand.IntN(len(samples)/2)
			delay := rand.N(3 * time.Millisecond)
			last, done := runUntilKilled(t, cmd, func(n int) {
				if n == at {
					time.AfterFunc(delay, func() { _ = cmd.Process.Kill() })
				}
			})
			if !done {
				killed++
			}
			wantIntact(t, dir, samples, last)
		}
	}
	t.Logf("killed %d of %d processes", killed, 2*rounds)
}

func TestSecondProcess(t *testing.T) {
	dir := t.TempDir()
	cmd := self("hold", dir, "")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(out).Scan() {
		t.Fatal("the other process did not open the store")
	}
	_, err = Open(dir)
	if !errors.Is(err, ErrInUse) {
		t.Errorf("error %v, want ErrInUse", err)
	}
	for _, part := range []string{dir, "another process", "wait"} {
		if !strings.Contains(fmt.Sprint(err), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // says that it was killed
	openStore(t, dir)
}

// Kills the process before each of the system calls by which it changes the disk, one after the other.
func TestKilledBeforeEachSystemCall(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil || testing.Short() {
		t.Skip("takes strace and some seconds")
	}
	samples := newSamples(t, 4, 70<<10)
	saved := saveSamples(t, samples)
	const trace = "trace=mkdirat,write,pwrite64,ftruncate,fsync,fdatasync,renameat"
	if err := self("fill", t.TempDir(), saved, strace, "-o", os.DevNull, "-e", trace).Run(); err != nil {
		t.Skipf("strace does not work here: %v", err)
	}
	for _, call := range strings.Split(strings.TrimPrefix(trace, "trace="), ",") {
		t.Run(call, func(t *testing.T) {
			for n, done := 1, false; !done; n++ {
				dir := t.TempDir()
				inject := fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, n)
				cmd := self("fill", dir, saved, strace, "-f", "-qq", "-o", os.DevNull, "-e", trace, "-e", inject)
				var last int
				last, done = runUntilKilled(t, cmd, func(int) {})
				wantIntact(t, dir, samples, last)
			}
		})
	}
}
