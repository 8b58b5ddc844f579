package bare

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Log is a file that records are appended to; while one fdatasync runs the
// next group gathers. There is no index, no trim and no way to read: it is the
// least that makes an acknowledgement durable.
type Log struct {
	file *os.File

	mu      sync.Mutex // guards the fields below
	buf     []byte
	waiting []func()
	running bool
	done    sync.WaitGroup
}

// Create makes a log.
func Create(name string) (*Log, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	return &Log{file: f}, err
}

// Append calls then once the record is durable, from another goroutine.
func (l *Log) Append(record []byte, then func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = binary.LittleEndian.AppendUint32(l.buf, uint32(len(record)))
	l.buf = binary.LittleEndian.AppendUint32(l.buf, crc32.ChecksumIEEE(record))
	l.buf = append(l.buf, record...)
	l.waiting = append(l.waiting, then)
	if !l.running {
		l.running = true
		l.done.Go(l.commit)
	}
}

func (l *Log) commit() {
	for {
		l.mu.Lock()
		buf, waiting := l.buf, l.waiting
		l.buf, l.waiting = nil, nil
		l.running = len(waiting) > 0
		l.mu.Unlock()
		if len(waiting) == 0 {
			return
		}
		if _, err := l.file.Write(buf); err != nil {
			panic(err)
		}
		if err := unix.Fdatasync(int(l.file.Fd())); err != nil {
			panic(err)
		}
		for _, then := range waiting {
			then()
		}
	}
}

// Close waits for what is under way.
func (l *Log) Close() error {
	l.done.Wait()
	return l.file.Close()
}
