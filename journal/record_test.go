package journal_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomful/roomful/journal"
	"github.com/roomful/roomful/room"
)

// records are one of each shape that a turn may have.
func records() map[string]journal.Record {
	return map[string]journal.Record{
		"empty": {},
		"alarm": {Epoch: "k3", At: 5, Due: 9, Nonce: 1, Alarms: []room.Alarm{{Name: "feed/close", At: 9}, {Name: "feed/open"}}},
		"ops": {Epoch: "k3", At: 7, Ops: []journal.Op{
			{Member: "m_1", Op: room.Op{Client: "c", N: 1<<53 - 1}, Sum: 1<<64 - 1, Seq: 40, Reply: []byte(`{}`)},
			{},
		}},
		"updates": {Epoch: "k3", At: 1_700_000_000_000, Nonce: 1<<64 - 1, Updates: []room.Update{
			{
				Seq: 41, Type: "feed.posted", At: 1_700_000_000_000, By: "m_1", Op: "c:1", Data: json.RawMessage(`{"a":1}`),
				To: room.ToMembers("m_1", "m_2"), Key: "k", Weight: room.Ambient, About: "post/p1", Covers: "post/p0",
			},
			{Seq: 42, Type: "feed.removed", At: 1_699_999_999_999},
		}},
		"negative times": {Epoch: "k3", At: -1, Updates: []room.Update{{Seq: 1<<64 - 1, At: 1}}},
	}
}

func TestRecordRoundTrip(t *testing.T) {
	for name, rec := range records() {
		t.Run(name, func(t *testing.T) {
			prefix := []byte("kept")
			b := journal.AppendRecord(prefix, &rec)
			if string(b[:4]) != "kept" {
				t.Fatalf("AppendRecord changed what was there: %q", b[:4])
			}
			got, err := journal.ParseRecord(b[4:])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(rec, got); diff != "" {
				t.Errorf("record differs (-want +got):\n%s", diff)
			}
			clear(b)
			if !reflect.DeepEqual(rec, got) {
				t.Error("the record refers to the bytes it was read from")
			}
		})
	}
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	for name, rec := range records() {
		b := journal.AppendRecord(nil, &rec)
		for bit := range len(b) * 8 {
			bad := slices.Clone(b)
			bad[bit/8] ^= 1 << (bit % 8)
			if _, err := journal.ParseRecord(bad); !errors.Is(err, journal.ErrCorrupt) {
				t.Fatalf("%s with bit %d flipped: %v, want ErrCorrupt", name, bit, err)
			}
		}
	}
}

func TestEveryCutIsFound(t *testing.T) {
	for name, rec := range records() {
		b := journal.AppendRecord(nil, &rec)
		for n := range len(b) {
			if _, err := journal.ParseRecord(b[:n]); !errors.Is(err, journal.ErrCorrupt) {
				t.Fatalf("%s cut to %d bytes: %v, want ErrCorrupt", name, n, err)
			}
		}
		if _, err := journal.ParseRecord(append(b, 0)); !errors.Is(err, journal.ErrCorrupt) {
			t.Fatalf("%s with a byte more: %v, want ErrCorrupt", name, err)
		}
	}
}

func TestFollowsChecksEpochAndSeqs(t *testing.T) {
	head := journal.Head{Epoch: "k3", Seq: 40}
	rec := records()["updates"]
	if err := rec.Follows(head); err != nil {
		t.Errorf("after 40: %v", err)
	}
	for _, bad := range []journal.Head{{Epoch: "k4", Seq: 40}, {Epoch: "k3", Seq: 39}, {Epoch: "k3", Seq: 41}} {
		if err := rec.Follows(bad); !errors.Is(err, journal.ErrCorrupt) {
			t.Errorf("after %+v: %v, want ErrCorrupt", bad, err)
		}
	}
}

// FuzzParseRecord holds that hostile bytes with a valid checksum never panic,
// never allocate without bound, and that what is read is written back so that
// it is read the same.
func FuzzParseRecord(f *testing.F) {
	for _, rec := range records() {
		b := journal.AppendRecord(nil, &rec)
		f.Add(b[:len(b)-4])
	}
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	f.Fuzz(func(t *testing.T, body []byte) {
		signed := binary.BigEndian.AppendUint32(slices.Clone(body), crc32.Checksum(body, castagnoli))
		rec, err := journal.ParseRecord(signed)
		if err != nil {
			if !errors.Is(err, journal.ErrCorrupt) {
				t.Fatalf("%v, want ErrCorrupt", err)
			}
			return
		}
		again, err := journal.ParseRecord(journal.AppendRecord(nil, &rec))
		if err != nil {
			t.Fatalf("written back: %v", err)
		}
		if diff := cmp.Diff(rec, again); diff != "" {
			t.Errorf("written back, it differs (-want +got):\n%s", diff)
		}
	})
}
