package pebble

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// plainLog is the least that keeps the promise of Append: one file, group
// commit with one sync, heads in memory. It cannot read, trim or reopen.
type plainLog struct {
	file *os.File

	mu      sync.Mutex // guards all below
	cond    *sync.Cond
	heads   map[room.ID]journal.Head
	pending []byte // records of the group that gathers
	group   uint64 // its number
	synced  uint64 // the last group that is durable
	busy    bool   // somebody writes a group
	err     error
}

func openPlainLog(t testing.TB, dir string) *plainLog {
	t.Helper()
	file, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	p := &plainLog{file: file, heads: make(map[room.ID]journal.Head), group: 1}
	p.cond = sync.NewCond(&p.mu)
	return p
}

func (p *plainLog) Append(_ context.Context, id room.ID, head journal.Head, rec journal.Record) (journal.Head, error) {
	encoded := journal.AppendRecord(nil, &rec)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.heads[id].Same(head) {
		return journal.Head{}, journal.ErrFenced
	}
	next := head.After(&rec)
	next.Token = head.Token + 1
	p.heads[id] = next
	p.pending = append(append(p.pending, id...), encoded...)
	for mine := p.group; p.synced < mine; {
		if p.busy {
			p.cond.Wait()
		} else {
			p.write()
		}
	}
	return next, p.err
}

// write makes the gathered group durable; it needs mu and lets go of it
// meanwhile.
func (p *plainLog) write() {
	data, group := p.pending, p.group
	p.pending, p.busy = nil, true
	p.group++
	p.mu.Unlock()
	_, err := p.file.Write(data)
	if err == nil {
		err = p.file.Sync()
	}
	p.mu.Lock()
	p.busy, p.synced = false, group
	if err != nil {
		p.err = err
	}
	p.cond.Broadcast()
}

func (p *plainLog) Close() error { return p.file.Close() }
