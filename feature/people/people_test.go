package people_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/roomful/roomful/feature/people"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

type thing = map[string]any

// crowd is an event's people, and a feed that takes anything.
type crowd struct {
	*roomtest.Room
	owner, cohost, mod, ana, bob room.Caller
}

type anything struct{}

func (anything) Handle(tx *room.Tx, _ room.Command) error { tx.Reply("ok"); return nil }
func (anything) Apply(room.Update) error                  { return nil }
func (anything) Snapshot() ([]byte, error)                { return nil, nil }
func (anything) Restore([]byte) error                     { return nil }

func newCrowd(t testing.TB) *crowd {
	t.Helper()
	takesAll := func(name string) room.Feature {
		return room.Feature{Name: name, New: func() room.Behavior { return anything{} }}
	}
	r := roomtest.New(t, people.New(), takesAll("feed"), takesAll("reactions"), takesAll("chat"))
	return &crowd{
		Room:   r,
		owner:  r.Join("m_owner", "Tom", room.Owner),
		cohost: r.Join("m_cohost", "Zoe", room.CoHost),
		mod:    r.Join("m_mod", "Mia", room.Moderator),
		ana:    r.Join("m_ana", "Ana", room.Guest),
		bob:    r.Join("m_bob", "Bob", room.Guest),
	}
}

func TestGolden(t *testing.T) {
	c := newCrowd(t)
	follow := func(name string) []*roomtest.Case {
		return []*roomtest.Case{
			c.Follow(name+", for oneself", "people", c.ana),
			c.Follow(name+", for a guest", "people", c.bob),
			c.Follow(name+", for staff", "people", c.mod),
		}
	}
	cases := follow("joining, names, roles, mutes")
	c.Join("m_eve", "Eve", room.Guest)
	c.Do(c.ana, "people.rename", thing{"name": "Ana B."})
	c.Do(c.ana, "people.hide", thing{"on": true})
	c.Do(c.owner, "people.role", thing{"member": "m_eve", "role": "cohost"})
	c.Do(c.owner, "people.role", thing{"member": "m_cohost", "role": "spectator"})
	c.Do(c.mod, "people.mute", thing{"member": "m_ana", "minutes": 10})
	c.Turn(func() {
		c.Do(c.bob, "people.rename", thing{"name": "Bobby"})
		c.Do(c.owner, "people.mute", thing{"member": "m_bob", "minutes": 5})
	})
	c.Advance(time.Hour)
	done(cases)

	late := c.Join("m_late", "Late", room.Guest)
	banned := follow("banned")
	c.Do(c.mod, "people.ban", thing{"member": "m_late", "removeContent": true})
	done(banned)
	_ = late

	for i := range 210 {
		c.Join(room.MemberID(fmt.Sprintf("m_%03d", i)), fmt.Sprintf("Guest %d", i), room.Guest)
	}
	many := c.Follow("more than a view has, for a guest", "people", c.bob)
	c.Join("m_last", "Lou", room.Guest)
	c.Do(c.owner, "people.role", thing{"member": "m_209", "role": "moderator"})
	c.Do(c.owner, "people.ban", thing{"member": "m_000"})
	many.Done()
	roomtest.Golden(t, append(append(cases, banned...), many)...)
}

func done(cases []*roomtest.Case) {
	for _, c := range cases {
		c.Done()
	}
}

func TestOnlyTheServerLetsPeopleIn(t *testing.T) {
	c := newCrowd(t)
	proof := strings.Repeat("ab", 32)
	c.Refuse(room.Forbidden, c.owner, "people.join", thing{"member": "m_x", "name": "X", "role": "guest", "proof": proof})
	for name, data := range map[string]thing{
		"no proof":      {"member": "m_x", "name": "X", "role": "guest"},
		"short proof":   {"member": "m_x", "name": "X", "role": "guest", "proof": "abcd"},
		"long proof":    {"member": "m_x", "name": "X", "role": "guest", "proof": proof + "00"},
		"no hex":        {"member": "m_x", "name": "X", "role": "guest", "proof": strings.Repeat("zz", 32)},
		"no id":         {"name": "X", "role": "guest", "proof": proof},
		"id with comma": {"member": "m_1,m_2", "name": "X", "role": "guest", "proof": proof},
		"no role":       {"member": "m_x", "name": "X", "proof": proof},
		"service":       {"member": "m_x", "name": "X", "role": "service", "proof": proof},
		"no name":       {"member": "m_x", "role": "guest", "proof": proof},
	} {
		t.Run(name, func(t *testing.T) { c.Refuse(room.Invalid, roomtest.Server(), "people.join", data) })
	}
	c.Refuse(room.Conflict, roomtest.Server(), "people.join", thing{"member": "m_x", "name": "X", "role": "owner", "proof": proof})
}

func TestJoiningAgainIsTheSameMember(t *testing.T) {
	c := newCrowd(t)
	before := len(c.Log())
	c.Join("m_ana", "Somebody else", room.Owner)
	if len(c.Log()) != before {
		t.Error("joining again was recorded")
	}
	c.Refuse(room.Conflict, roomtest.Server(), "people.join",
		thing{"member": "m_ana", "name": "Eve", "role": "guest", "proof": strings.Repeat("ab", 32)})
}

func (c *crowd) device(member room.MemberID, credential string) room.Caller {
	proof := roomtest.ProofOf(credential)
	c.Do(roomtest.Server(), "people.join", thing{"member": member, "proof": hex.EncodeToString(proof[:]), "device": true})
	return room.Caller{Member: member, Proof: proof}
}

func TestAMemberHasUpTo16Devices(t *testing.T) {
	c := newCrowd(t)
	for i := range 16 {
		phone := c.device("m_ana", fmt.Sprint("phone", i))
		if who, err := c.Identify(phone); err != nil || who.ID != "m_ana" || who.Name != "Ana" {
			t.Fatalf("phone %d is %v, %v", i, who, err)
		}
	}
	if _, err := c.Identify(c.ana); room.CodeOf(err) != room.Unauthenticated {
		t.Errorf("the oldest device is still known: %v", err)
	}
	before := len(c.Log())
	c.device("m_ana", "phone15")
	if len(c.Log()) != before {
		t.Error("a known device was recorded again")
	}
	c.Refuse(room.NotFound, roomtest.Server(), "people.join", thing{"member": "m_x", "proof": strings.Repeat("ab", 32), "device": true})
}

func TestWhoIsLetIn(t *testing.T) {
	c := newCrowd(t)
	c.Do(c.mod, "people.ban", thing{"member": "m_bob"})
	for name, row := range map[string]struct {
		caller room.Caller
		code   room.Code
		role   room.Role
	}{
		"proof":            {c.ana, "", room.Guest},
		"nobody":           {room.Caller{}, room.Unauthenticated, ""},
		"no proof":         {room.Caller{Member: "m_ana"}, room.Unauthenticated, ""},
		"another's proof":  {room.Caller{Member: "m_owner", Proof: c.ana.Proof}, room.Unauthenticated, ""},
		"unknown member":   {room.Caller{Member: "m_x", Proof: c.ana.Proof}, room.Unauthenticated, ""},
		"banned":           {c.bob, room.Banned, ""},
		"banned, no proof": {room.Caller{Member: "m_bob"}, room.Unauthenticated, ""},
		"banned, token":    {room.Caller{Member: "m_bob", Role: room.Guest}, room.Banned, ""},
		"token":            {room.Caller{Member: "m_jwt", Role: room.Moderator, Name: "J"}, "", room.Moderator},
		"API key":          {roomtest.Server(), "", room.Service},
	} {
		t.Run(name, func(t *testing.T) {
			who, err := c.Identify(row.caller)
			if room.CodeOf(err) != row.code || who.Role != row.role {
				t.Errorf("got %+v, %v, want role %q, code %q", who, err, row.role, row.code)
			}
		})
	}
	if who, _ := c.Identify(room.Caller{Member: "m_ana", Role: room.Guest, Name: "Token"}); who.Name != "Ana" {
		t.Errorf("the room's name does not win: %q", who.Name)
	}
}

func TestProofsAreNobodysBusiness(t *testing.T) {
	c := newCrowd(t)
	for _, caller := range []room.Caller{c.ana, c.owner, roomtest.Server()} {
		c.MustNotTell(caller, hex.EncodeToString(c.ana.Proof[:]))
	}
}

func TestNames(t *testing.T) {
	c := newCrowd(t)
	family := "👨‍👩‍👧‍👦"
	for name, row := range map[string]struct{ in, want string }{ // want "" means refused
		"plain":              {"Ana B.", "Ana B."},
		"emoji only":         {"🦊🔥", "🦊🔥"},
		"same as another":    {"Bob", "Bob"},
		"trimmed":            {"  Ana \n B ", "Ana B"},
		"composed":           {"Jose\u0301", "José"},
		"override stripped":  {"Ana\u202Ehtiw", "Anahtiw"},
		"markup is text":     {`<img src=x onerror=alert(1)>`, `<img src=x onerror=alert(1)>`},
		"40 families":        {strings.Repeat(family, 16), strings.Repeat(family, 16)},
		"Persian":            {"می\u200cخواهم", "می\u200cخواهم"},
		"Japanese and Latin": {"田中Taro", "田中Taro"},
		"41 characters":      {strings.Repeat("x", 41), ""},
		"few, but heavy":     {strings.Repeat(family, 40), ""},
		"1 MB":               {strings.Repeat("x", 1<<20), ""},
		"zalgo":              {strings.Repeat("a"+strings.Repeat("\u0336", 30), 40), ""},
		"empty":              {"", ""},
		"spaces":             {" \t\u00A0\u3000 ", ""},
		"invisible":          {"\u200B\u3164\uFEFF\u2060", ""},
		"only joiners":       {"\u200D\u200D", ""},
		"only marks":         {"\u0301\u0302", ""},
		"NUL":                {"\x00", ""},
		"two alphabets":      {"Аna", ""},
		"host":               {"Host", ""},
		"host, Cyrillic":     {"Ноѕт", ""},
		"host, digits":       {"H0ST", ""},
		"host, spaced":       {"h o s t", ""},
		"host, full width":   {"Ｈｏｓｔ", ""},
		"host, accents":      {"Hóst", ""},
		"the host":           {"The Host ⭐", ""},
		"moderator":          {"Moderat0r", ""},
		"the owner's name":   {"t0m", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Try(c.ana, "people.rename", thing{"name": row.in})
			if row.want == "" {
				if room.CodeOf(err) != room.Invalid {
					t.Errorf("%.60q: got %v, want it refused", row.in, err)
				}
				return
			}
			if who, _ := c.Identify(c.ana); err != nil || who.Name != row.want {
				t.Errorf("%q: got %q, %v, want %q", row.in, who.Name, err, row.want)
			}
		})
	}
}

func TestStaffMayBeCalledHost(t *testing.T) {
	c := newCrowd(t)
	c.Do(c.owner, "people.rename", thing{"name": "Host"})
	c.Do(c.mod, "people.rename", thing{"name": "Moderator"})
}

func TestRoles(t *testing.T) {
	c := newCrowd(t)
	spectator := c.Join("m_tv", "Screen", room.Display)
	for name, row := range map[string]struct {
		by     room.Caller
		member string
		role   string
		want   room.Code
	}{
		"by guest":          {c.ana, "m_bob", "moderator", room.Forbidden},
		"by moderator":      {c.mod, "m_bob", "moderator", room.Forbidden},
		"oneself up":        {c.mod, "m_mod", "cohost", room.Forbidden},
		"by display":        {spectator, "m_bob", "guest", room.Forbidden},
		"by cohost":         {c.cohost, "m_ana", "moderator", ""},
		"by owner":          {c.owner, "m_bob", "cohost", ""},
		"owner's":           {c.cohost, "m_owner", "guest", room.Forbidden},
		"owner's by owner":  {c.owner, "m_owner", "guest", room.Forbidden},
		"a second owner":    {c.owner, "m_ana", "owner", room.Invalid},
		"service":           {c.owner, "m_ana", "service", room.Invalid},
		"no role":           {c.owner, "m_ana", "", room.Invalid},
		"unknown member":    {c.owner, "m_x", "guest", room.NotFound},
		"by an integration": {roomtest.Server(), "m_tv", "spectator", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Try(row.by, "people.role", thing{"member": row.member, "role": row.role})
			if room.CodeOf(err) != row.want {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
	if who, _ := c.Identify(c.ana); who.Role != room.Moderator {
		t.Errorf("Ana is %s", who.Role)
	}
}

func TestTheMutedWait(t *testing.T) {
	c := newCrowd(t)
	c.Do(c.mod, "people.mute", thing{"member": "m_ana", "minutes": 10})
	err := c.Refuse(room.Forbidden, c.ana, "feed.post", nil)
	if !strings.Contains(err.Message, "10 minutes") || err.RetryAfter <= 9*time.Minute {
		t.Errorf("it does not say how long: %v, %v", err, err.RetryAfter)
	}
	c.Refuse(room.Forbidden, c.ana, "reactions.tap", nil)
	c.Do(c.ana, "feed.delete", nil)
	c.Do(c.ana, "people.rename", thing{"name": "Annika"})
	c.Do(c.bob, "feed.post", nil)
	c.Advance(9 * time.Minute)
	c.Refuse(room.Forbidden, c.ana, "feed.post", nil)
	c.Advance(time.Minute)
	c.Do(c.ana, "feed.post", nil)
	if mine := string(c.Mine(c.ana, "people")); !strings.Contains(mine, `"muted":0`) {
		t.Errorf("the mute did not end in the list: %s", mine)
	}
}

func TestAMuteIsEndedOrMovedByHand(t *testing.T) {
	c := newCrowd(t)
	c.Do(c.mod, "people.mute", thing{"member": "m_ana", "minutes": 10})
	c.Do(c.mod, "people.mute", thing{"member": "m_ana", "minutes": 0})
	c.Do(c.ana, "feed.post", nil)
	c.Do(c.mod, "people.mute", thing{"member": "m_ana", "minutes": 5})
	c.Do(c.mod, "people.mute", thing{"member": "m_ana", "minutes": 60})
	c.Advance(30 * time.Minute)
	c.Refuse(room.Forbidden, c.ana, "feed.post", nil)
	for _, minutes := range []any{-1, 10081, 1.5, "10", nil, 1 << 53} {
		c.Refuse(room.Invalid, c.mod, "people.mute", thing{"member": "m_ana", "minutes": minutes})
	}
}

func TestStaffIsNotAtTheMercyOfStaff(t *testing.T) {
	c := newCrowd(t)
	for _, typ := range []string{"people.mute", "people.ban"} {
		for name, row := range map[string]struct {
			by     room.Caller
			member string
			want   room.Code
		}{
			"guest on guest":      {c.ana, "m_bob", room.Forbidden},
			"moderator on host":   {c.mod, "m_cohost", room.Forbidden},
			"host on owner":       {c.cohost, "m_owner", room.Forbidden},
			"service on owner":    {roomtest.Server(), "m_owner", room.Forbidden},
			"moderator on itself": {c.mod, "m_mod", room.Invalid},
			"on nobody":           {c.mod, "m_x", room.NotFound},
		} {
			t.Run(typ+" "+name, func(t *testing.T) {
				c.Refuse(row.want, row.by, typ, thing{"member": row.member, "minutes": 1})
			})
		}
	}
	c.Do(c.cohost, "people.ban", thing{"member": "m_mod"})
}

func TestTheBannedAreGone(t *testing.T) {
	c := newCrowd(t)
	c.Do(c.bob, "people.presence", thing{"state": "idle"})
	c.Do(c.mod, "people.mute", thing{"member": "m_bob", "minutes": 10})
	c.Do(c.mod, "people.ban", thing{"member": "m_bob"})
	if view := string(c.View(c.ana, "people")); strings.Contains(view, "m_bob") || !strings.Contains(view, `"count":4`) {
		t.Errorf("still listed: %s", view)
	}
	if s := c.Signal("people.presence/m_bob"); s != nil {
		t.Errorf("still present: %s", s)
	}
	c.Refuse(room.Banned, c.bob, "feed.post", nil)
	c.Refuse(room.NotFound, c.mod, "people.ban", thing{"member": "m_bob"})
	proof := roomtest.ProofOf("m_bob")
	for _, device := range []bool{true, false} {
		c.Refuse(room.Banned, roomtest.Server(), "people.join",
			thing{"member": "m_bob", "name": "Bob", "role": "guest", "proof": hex.EncodeToString(proof[:]), "device": device})
	}
	c.Advance(time.Hour) // the mute's alarm finds nobody
}

func TestTheHiddenAreNotTold(t *testing.T) {
	c := newCrowd(t)
	c.Do(c.ana, "people.presence", thing{"state": "online"})
	if s := string(c.Signal("people.presence/m_ana")); s != `{"state":"online"}` {
		t.Errorf("presence is %s", s)
	}
	c.Do(c.ana, "people.hide", thing{"on": true})
	c.Do(c.ana, "people.presence", thing{"state": "idle"})
	if s := c.Signal("people.presence/m_ana"); s != nil {
		t.Errorf("presence of the hidden is %s", s)
	}
	if who, _ := c.Identify(c.ana); !who.Hidden {
		t.Error("the node is not told")
	}
	for _, state := range []any{"offline", "", 1, nil} {
		c.Refuse(room.Invalid, c.ana, "people.presence", thing{"state": state})
	}
	if n := len(c.Log()); n != 11 {
		t.Errorf("%d updates: presence was recorded", n)
	}
}

func TestPagesWalkTheWholeListInOrder(t *testing.T) {
	c := newCrowd(t)
	for i := range 123 {
		c.Join(room.MemberID(fmt.Sprintf("m_%03d", i)), fmt.Sprintf("Guest %d", i), room.Guest)
	}
	c.Do(c.owner, "people.role", thing{"member": "m_100", "role": "cohost"})
	var ids []string
	args := room.Args{"limit": "50"}
	for {
		page := c.page(args)
		for _, m := range page.Members {
			ids = append(ids, string(m.ID))
		}
		if page.Next == "" {
			break
		}
		args["after"] = string(page.Next)
	}
	if len(ids) != 128 || ids[0] != "m_owner" || ids[2] != "m_100" || ids[127] != "m_122" {
		t.Errorf("%d members: %v", len(ids), ids)
	}
	found := c.page(room.Args{"search": "GUEST 1", "limit": "5"})
	if found.Count != 34 || len(found.Members) != 5 || found.Members[0].ID != "m_100" || found.Next == "" {
		t.Errorf("search found %d, %+v", found.Count, found)
	}
}

func (c *crowd) page(args room.Args) (page people.Page) {
	result, err := c.Query(c.ana, "people.page", args)
	if err == nil {
		err = json.Unmarshal(result, &page)
	}
	if err != nil {
		panic(err)
	}
	return page
}

func TestBadPagesAreRefused(t *testing.T) {
	c := newCrowd(t)
	for want, args := range map[room.Code]room.Args{
		room.NotFound: {"after": "m_x"},
		room.Invalid:  {"limit": "-1"},
	} {
		if _, err := c.Query(c.ana, "people.page", args); room.CodeOf(err) != want {
			t.Errorf("%v: got %v, want %s", args, err, want)
		}
	}
	if _, err := c.Query(c.ana, "people.all", nil); room.CodeOf(err) != room.NotFound {
		t.Errorf("unknown query: %v", err)
	}
}

func TestBadDataIsRefused(t *testing.T) {
	c := newCrowd(t)
	for _, typ := range []string{"people.rename", "people.hide", "people.presence", "people.role", "people.mute", "people.ban", "people.join"} {
		for _, data := range []any{`[]`, `"x"`, `{`, `{"name":{},"on":"yes","state":[],"member":7,"minutes":"x"}`, strings.Repeat(`{"a":`, 20000)} {
			if _, err := c.Try(c.owner, typ, data); room.CodeOf(err) != room.Invalid {
				t.Errorf("%s %.40v: got %v", typ, data, err)
			}
		}
	}
	c.Refuse(room.Invalid, c.owner, "people.vanish", nil)
}

func roomProof(credential string) string {
	proof := roomtest.ProofOf(credential)
	return hex.EncodeToString(proof[:])
}
