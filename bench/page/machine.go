package page

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine is where and with what was measured.
type Machine struct {
	CPU      string   `json:"cpu"`
	Cores    int      `json:"cores"`
	System   string   `json:"system"`
	Load     string   `json:"load"` // in the minutes before: processes that ran or wanted to
	Versions []string `json:"versions"`
}

// ThisMachine describes the machine as it is now. versions are those of what is measured on it.
func ThisMachine(versions ...string) Machine {
	return Machine{
		CPU:      cpuModel(),
		Cores:    runtime.NumCPU(),
		System:   runtime.GOOS + "/" + runtime.GOARCH,
		Load:     load(),
		Versions: versions,
	}
}

// String returns the description as two lines.
func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s; load before: %s.\n%s.",
		m.CPU, m.Cores, m.System, m.Load, strings.Join(m.Versions, ", "))
}

func cpuModel() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer file.Close()
	fields := make(map[string]string)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if key = strings.TrimSpace(key); fields[key] == "" {
			fields[key] = strings.TrimSpace(value)
		}
	}
	if fields["model name"] == "" {
		return "unknown"
	}
	return fields["model name"] + ", family " + fields["cpu family"] + ", model " + fields["model"]
}

func load() string {
	averages, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(averages))[:3], " ")
}
