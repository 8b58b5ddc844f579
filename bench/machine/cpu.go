// Package machine reads what processes and the machine spent: CPU time,
// memory, and the load that others put on it meanwhile. Linux only.
package machine

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the user and system time of all threads of a process so far, to the
// nanosecond: clock_getcpuclockid(3), which a pid turns into a clock id.
func CPU(pid int) time.Duration {
	const sched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// Now is CLOCK_MONOTONIC in nanoseconds: the same for all processes.
func Now() int64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // can not fail
	return ts.Nano()
}

// Resident is the memory of a process that is in RAM, in bytes.
func Resident(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// Busy is the time that all cores together spent on anything, and the time
// that the host took from them.
func Busy() (busy, stolen time.Duration) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	// cpu user nice system idle iowait irq softirq steal ...
	f := strings.Fields(string(line))
	for i, v := range f[1:] {
		n, _ := strconv.ParseInt(v, 10, 64)
		switch i {
		case 0, 1, 2, 5, 6:
			busy += time.Duration(n) * tick
		case 7:
			stolen += time.Duration(n) * tick
		}
	}
	return busy, stolen
}

const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux

// Facts describe the machine in one line.
func Facts() string {
	var name unix.Utsname
	unix.Uname(&name) // can not fail
	mem := field("/proc/meminfo", "MemTotal")
	gib := ""
	if kb, err := strconv.Atoi(strings.TrimSuffix(mem, " kB")); err == nil {
		gib = fmt.Sprintf("%.0f GiB", float64(kb)/(1<<20))
	}
	cc, _ := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	return fmt.Sprintf("%s, %d cores, %s, Linux %s, tcp %s", field("/proc/cpuinfo", "model name"),
		cores(), gib, unix.ByteSliceToString(name.Release[:]), strings.TrimSpace(string(cc)))
}

func cores() int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return 0
	}
	return set.Count()
}

func field(file, key string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if k, v, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
