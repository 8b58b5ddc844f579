package people_test

import (
	"encoding/json"
	"testing"

	"github.com/roomful/roomful/feature/people"
	"github.com/roomful/roomful/room"
	"github.com/roomful/roomful/room/roomtest"
)

func FuzzFeature(f *testing.F) {
	const proof = `"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"`
	roomtest.Fuzz(f, roomtest.Play{
		Features: []room.Feature{people.New()},
		Open: func(r *roomtest.Room) []room.Caller {
			owner := r.Join("m_owner", "Tom", room.Owner)
			return []room.Caller{
				owner, owner, roomtest.Server(), r.Join("m_mod", "Mia", room.Moderator),
				r.Join("m_a", "Ana", room.Guest), r.Join("m_b", "Bob", room.Guest), r.Join("m_c", "Cleo", room.Spectator),
			}
		},
		Lines: []string{
			`people.join {"member":$new,"name":$text,"role":$role,"proof":$proof}`,
			`people.join {"member":$m,"device":true,"proof":$proof}`,
			`people.rename {"name":$text}`,
			`people.hide {"on":$bool}`,
			`people.presence {"state":$state}`,
			`people.role {"member":$m,"role":$role}`,
			`people.mute {"member":$m,"minutes":$int}`,
			`people.ban {"member":$m,"removeContent":$bool}`,
		},
		Asks: []string{
			`people.page after=$m limit=$int`,
			`people.page search=$text`,
		},
		Words: map[string][]string{
			"new":   {`"m_x"`, `"m_y"`, `"m_z"`, `"m_a"`, `"m,a"`, `""`},
			"role":  {`"guest"`, `"cohost"`, `"moderator"`, `"spectator"`, `"owner"`, `"service"`, `""`},
			"state": {`"online"`, `"idle"`, `"away"`},
			"proof": {proof, `"` + roomProof("other") + `"`, `"zz"`, `""`},
		},
		Then: func(r *roomtest.Room) {
			var view people.View
			if err := json.Unmarshal(r.View(roomtest.Server(), "people"), &view); err != nil || view.Count != len(view.Members) {
				r.Fatalf("the count is %d of %d, %v", view.Count, len(view.Members), err)
			}
		},
	})
}
