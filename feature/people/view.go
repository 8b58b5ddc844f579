package people

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/text"
)

const (
	maxViewed  = 200    // members in a view, about 25 KiB
	maxPaged   = 200    // members in a page
	maxListed  = 20_000 // paging ends there: nobody scrolls further, search does not
	defaultPag = 50
)

// View is the list's beginning: {"count":128,"members":[...]}.
type View struct {
	Count   int      `json:"count"`
	Members []Member `json:"members"`
}

// Page is the reply of people.page. Next is the last of the page if more
// follow, to be sent as after. Count is how many there are, with search how
// many match.
//
//	{"members":[...],"count":128,"next":"m_7k2f"}
type Page struct {
	Members []Member      `json:"members"`
	Count   int           `json:"count"`
	Next    room.MemberID `json:"next,omitempty"`
}

// View is the same for everyone.
func (p *people) View(room.Sight) (any, error) {
	v := View{Count: p.roll.count(), Members: []Member{}}
	for m := range p.roll.from(0) {
		if len(v.Members) == maxViewed {
			break
		}
		v.Members = append(v.Members, m.Member)
	}
	return v, nil
}

// Mine is one's own member, if the room has it.
func (p *people) Mine(who room.Member) (any, error) {
	m, err := p.present(who.ID)
	if err != nil {
		return nil, nil
	}
	return m.Member, nil
}

// Query answers people.page: the list after a member, or those of it whose
// name has search in it.
func (p *people) Query(_ room.Member, name string, args room.Args) (any, error) {
	if name != "people.page" {
		return nil, room.Errorf(room.NotFound, "People have no query %.40q.", name)
	}
	limit, err := args.Limit(defaultPag, maxPaged)
	if err != nil {
		return nil, err
	}
	start := 0
	if after := args["after"]; after != "" {
		m, err := p.present(room.MemberID(after))
		if err != nil {
			return nil, room.Errorf(room.NotFound, "The member you were at is gone. Start from the top.")
		}
		start = p.roll.place(m) + 1
	}
	if search := strings.ToLower(text.Line(args["search"])); search != "" {
		return p.search(search, start, limit), nil
	}
	return p.page(start, limit), nil
}

func (p *people) page(start, limit int) Page {
	page := Page{Count: p.roll.count(), Members: []Member{}}
	for m := range p.roll.from(start) {
		if len(page.Members) == limit || start+len(page.Members) == maxListed {
			break
		}
		page.Members = append(page.Members, m.Member)
	}
	page.end(start+len(page.Members) < min(page.Count, maxListed))
	return page
}

func (p *people) search(part string, start, limit int) Page {
	page := Page{Members: []Member{}}
	i, more := 0, false
	for m := range p.roll.from(0) {
		if i++; !strings.Contains(strings.ToLower(m.Name), part) {
			continue
		}
		page.Count++
		switch {
		case i <= start:
		case len(page.Members) < limit:
			page.Members = append(page.Members, m.Member)
		default:
			more = true
		}
	}
	page.end(more)
	return page
}

func (p *Page) end(more bool) {
	if more && len(p.Members) > 0 {
		p.Next = p.Members[len(p.Members)-1].ID
	}
}

// saved is a member in the snapshot, which lists them by id.
type saved struct {
	person
	Proofs []string `json:"proofs,omitempty"`
}

func (p *people) Snapshot() ([]byte, error) {
	all := make([]saved, 0, len(p.members))
	for _, m := range p.members {
		s := saved{person: *m}
		for _, proof := range m.Proofs {
			s.Proofs = append(s.Proofs, formatProof(proof))
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b saved) int { return cmp.Compare(a.ID, b.ID) })
	return json.Marshal(all)
}

func (p *people) Restore(snapshot []byte) error {
	var all []saved
	if err := json.Unmarshal(snapshot, &all); err != nil {
		return err
	}
	*p = *newPeople()
	for _, s := range all {
		m := s.person
		m.Proofs = nil
		for _, text := range s.Proofs {
			proof, err := parseProof(text)
			if err != nil {
				return err
			}
			m.Proofs = append(m.Proofs, proof)
		}
		m.looks = looks(m.Name)
		p.members[m.ID] = &m
		if !m.Banned {
			p.roll.add(&m)
		}
	}
	return nil
}
