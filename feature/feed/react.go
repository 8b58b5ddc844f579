package feed

import (
	"slices"

	"github.com/roomful/roomful/room"
)

// kinds of reactions to a post, in the order they are shown. A register keeps
// them as bits, so the order is for ever; new ones go to the end.
var kinds = [...]string{"heart", "joy", "wow", "clap", "fire", "tear"}

// kindSet is what one member chose for one post: bit i for kinds[i].
type kindSet uint8

func (s kindSet) names() []string {
	names := []string{}
	for i, kind := range kinds {
		if s&(1<<i) != 0 {
			names = append(names, kind)
		}
	}
	return names
}

func setOf(names []string) (s kindSet) {
	for _, name := range names {
		if i := slices.Index(kinds[:], name); i >= 0 {
			s |= 1 << i
		}
	}
	return s
}

// Reacted is the data of feed.reacted: {"post":"p_8d","reactions":{"heart":4}}.
type Reacted struct {
	Post      string         `json:"post"`
	Reactions map[string]int `json:"reactions"`
}

// Chose is the data of feed.chose: {"post":"p_8d","kinds":["heart"]}.
type Chose struct {
	Post  string   `json:"post"`
	Kinds []string `json:"kinds"`
}

func (f *feed) react(tx *room.Tx, cmd room.Command) error {
	var in struct {
		Post string `json:"post"`
		Kind string `json:"kind"`
		On   bool   `json:"on"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if err := takesPart(cmd.By); err != nil {
		return err
	}
	p, err := f.findVisible(in.Post)
	if err != nil {
		return err
	}
	bit := setOf([]string{in.Kind})
	if bit == 0 {
		return room.Errorf(room.Invalid, "There is no reaction %.40q here.", in.Kind)
	}
	was := p.chosen[cmd.By.ID]
	now := was &^ bit
	if in.On {
		now |= bit
	}
	if now != was {
		recordChoice(tx, p, cmd.By.ID, was, now)
	}
	tx.Reply(struct{}{})
	return nil
}

// recordChoice tells the member and everyone. What the member chose is not
// about the post, so that it is still there when a hidden post comes back.
func recordChoice(tx *room.Tx, p *post, by room.MemberID, was, now kindSet) {
	tx.Record("feed.chose", Chose{p.ID, now.names()}, room.To(room.ToMembers(by)),
		room.Keyed("chose/"+p.ID), room.Weighs(room.Ambient))
	after := post{tally: p.tally}
	after.recount(was, now)
	tx.Record("feed.reacted", Reacted{p.ID, after.reactions()}, room.Unsigned(),
		room.Keyed("react/"+p.ID), room.About(subject(p)), room.Weighs(room.Ambient))
}

// choose sets a member's register.
func (p *post) choose(by room.MemberID, now kindSet) {
	p.recount(p.chosen[by], now)
	switch {
	case now == 0:
		delete(p.chosen, by)
	case p.chosen == nil:
		p.chosen = map[room.MemberID]kindSet{by: now}
	default:
		p.chosen[by] = now
	}
}

func (p *post) recount(was, now kindSet) {
	for i := range kinds {
		p.tally[i] += int(now>>i&1) - int(was>>i&1)
	}
}

func (p *post) reactions() map[string]int {
	out := map[string]int{}
	for i, kind := range kinds {
		if p.tally[i] > 0 {
			out[kind] = p.tally[i]
		}
	}
	return out
}
