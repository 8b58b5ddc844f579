package room_test

import (
	"testing"

	"github.com/roomful/roomful/room"
)

func TestOneWithdrawnSubjectWithdraws(t *testing.T) {
	u := room.Update{}
	room.About("post/p9", "comment/c3")(&u)
	for subject, want := range map[string]bool{
		"post/p9": true, "comment/c3": true, "post/p": false, "post/p9,comment/c3": false, "": false,
	} {
		if got := u.IsAbout(subject); got != want {
			t.Errorf("about %q: %v", subject, got)
		}
	}
	if none := (room.Update{}); none.IsAbout("") {
		t.Error("an update about nothing is withdrawn by nothing")
	}
}
