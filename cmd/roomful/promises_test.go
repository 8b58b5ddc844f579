package main

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// TestReadYourWrites: what was acknowledged is in everything the member reads
// afterwards, on any device and door, and nobody is shown an older state than
// before.
func TestReadYourWrites(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	bo := p.joins("Bo")
	phone, laptop := h.dials(bo.token), h.dials(bo.token)
	seen := uint64(0)
	for n := range 30 {
		text := fmt.Sprintf("post number %d.", n)
		var seq uint64
		if n%2 == 0 {
			seq = p.do(bo, "feed.post", object{"text": text}).Seq
		} else {
			a := phone.ask("send", object{"room": p.room, "type": "feed.post", "data": object{"text": text}})
			seq = uint64(a.OK["seq"].(float64))
		}
		var f told
		switch n % 4 {
		case 0:
			f.read(h.must(p.url(), bo.token, nil).body)
		case 1:
			f = laptop.ask("query", object{"room": p.room, "name": "feed.page"})
			f.Pos, _ = f.OK["pos"].(string)
		case 2:
			_, f = h.listens(p.url(), bo.token, "").must()
		case 3:
			l := h.dials(bo.token)
			f = l.join(p.room, "")
			l.close()
		}
		if seqOf(f.Pos) < seq || !f.mentions(text) {
			t.Errorf("after %d was acknowledged a read at %s has no %q", seq, f.Pos, text)
		}
		if at := seqOf(f.Pos); at < seen {
			t.Errorf("a read at %d after one at %d", at, seen)
		} else {
			seen = at
		}
	}
}

// TestTalliesEqualARecount: members choose and take back at once, on two doors
// each; what is shown is what a count of everybody's own choices comes to.
func TestTalliesEqualARecount(t *testing.T) {
	t.Parallel()
	h := open(t)
	p := h.opens("wedding")
	post := p.do(p.owner, "feed.post", object{"text": "choose"}).text("post")
	kinds := []string{"heart", "joy", "wow", "clap", "fire", "tear"}
	var members []person
	for n := range 6 {
		members = append(members, p.joins(fmt.Sprint("Guest ", n)))
	}
	var choosing sync.WaitGroup
	for _, m := range members {
		for range 2 {
			choosing.Go(func() {
				for range 8 { // within a member's limit
					p.try(m, "feed.react", object{"post": post, "kind": kinds[rand.IntN(6)], "on": rand.IntN(3) > 0})
				}
			})
		}
	}
	choosing.Wait()
	recount := map[string]float64{}
	for _, m := range members {
		var f told
		f.read(h.must(p.url(), m.token, nil).body)
		chosen, _ := f.Mine["feed"].(object)["chosen"].(object)[post].([]any)
		for _, kind := range chosen {
			recount[kind.(string)]++
		}
	}
	check := func(when string) {
		t.Helper()
		var f told
		f.read(h.must(p.url(), p.owner.token, nil).body)
		shown := byID(f.View["feed"].(object)["posts"])[post]["reactions"].(object)
		for _, kind := range kinds {
			got, _ := shown[kind].(float64)
			if got != recount[kind] {
				t.Errorf("%s: %s shows %v, a recount is %v", when, kind, got, recount[kind])
			}
		}
	}
	check("at once")
	h.kill()
	h.start()
	check("after a kill")
}

// TestCatchUpIsBounded: up to 500 updates behind, a reader is told each of
// them; further back it is told so, with a view.
func TestCatchUpIsBounded(t *testing.T) {
	t.Parallel()
	h := open(t)
	publish := h.dials(apiKey)
	h.must("/v1/rooms/channel/news", apiKey, command{"channel.publish", "", 0})
	first := h.must("/v1/rooms/channel/news", "", nil).header.Get("Roomful-Position")
	for n := range 10 {
		batch := make([]string, 60)
		for i := range batch {
			batch[i] = fmt.Sprintf(`{"id":%d,"send":{"room":"channel/news","type":"channel.publish","data":{"n":%d}}}`, n*60+i+1, n*60+i+1)
		}
		publish.say("[" + strings.Join(batch, ",") + "]")
		publish.must("the last reply", func(f *told) bool { return f.ID == uint64(n*60+60) })
	}
	epoch, _, _ := strings.Cut(first, ":")
	for behind, view := range map[int]bool{1: false, 499: false, 500: false, 501: true, 600: true} {
		for _, door := range doors {
			r := &reading{h: h, room: "channel/news", door: door}
			r.pos = fmt.Sprintf("%s:%d", epoch, 601-behind)
			count, showed := 0, false
			for seqOf(r.pos) < 601 {
				f := r.next()
				r.take(&f)
				count += len(f.Updates)
				showed = showed || f.View != nil
			}
			if showed != view || !view && count != behind {
				t.Errorf("%d behind at %s: %d updates, view %v", behind, door, count, showed)
			}
			r.move("")
		}
	}
	a := h.must("/v1/rooms/channel/news?since="+url.QueryEscape(first), "", nil)
	if len(a.body) > 64<<10 {
		t.Errorf("a view has %d bytes", len(a.body))
	}
}
