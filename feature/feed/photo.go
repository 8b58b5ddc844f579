package feed

import (
	"regexp"
	"slices"

	"github.com/roomful/roomful/room"
)

// Photo is a picture in a post; its bytes are the media store's.
type Photo struct {
	ID     string `json:"id"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Uploaded is the data of feed.uploaded.
//
//	{"photo":"ph_1","by":"m_7","width":2048,"height":1365,"blob":"<64 hex digits>"}
type Uploaded struct {
	Photo  string        `json:"photo"`
	By     room.MemberID `json:"by"`
	Width  int           `json:"width"`
	Height int           `json:"height"`
	Blob   string        `json:"blob"`
}

// photo is an upload and the post it is in, "" for none yet.
type photo struct {
	Uploaded
	Post string `json:"post,omitempty"`
}

// upload is a member's picture: the same one again is the same upload.
type upload struct {
	by   room.MemberID
	blob string
}

var (
	photoPattern  = regexp.MustCompile(`^ph_[A-Za-z0-9_-]{1,64}$`)
	memberPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	blobPattern   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

const maxPixels = 100_000 // of a side; the media store has its own, lower limit

// Reply to feed.upload. A picture the member has here already comes back
// under the id it has, and with its post if it was posted.
type uploadReply struct {
	Photo string `json:"photo"`
	Post  string `json:"post,omitempty"`
}

func (f *feed) upload(tx *room.Tx, cmd room.Command) error {
	var in struct {
		Member room.MemberID `json:"member"`
		Photo  string        `json:"photo"`
		Width  int           `json:"width"`
		Height int           `json:"height"`
		Blob   string        `json:"blob"`
	}
	if err := room.Decode(cmd, &in); err != nil {
		return err
	}
	if cmd.By.Role != room.Service {
		return room.Errorf(room.Forbidden, "Photos are uploaded through the server.")
	}
	if f.banned[in.Member] {
		return room.Errorf(room.Banned, "You were removed from this event.")
	}
	up := Uploaded{in.Photo, in.Member, in.Width, in.Height, in.Blob}
	if err := up.check(); err != nil {
		return err
	}
	if same := f.shared[upload{up.By, up.Blob}]; same != nil {
		tx.Reply(uploadReply{same.Photo, same.Post})
		return nil
	}
	if f.photos[up.Photo] != nil {
		return room.Errorf(room.Conflict, "Another photo has this id.")
	}
	tx.Record("feed.uploaded", up, room.To(room.ToMembers()))
	tx.Reply(uploadReply{Photo: up.Photo})
	return nil
}

func (u Uploaded) check() error {
	if !photoPattern.MatchString(u.Photo) || !memberPattern.MatchString(string(u.By)) || !blobPattern.MatchString(u.Blob) {
		return room.Errorf(room.Invalid, "An upload names its photo (ph_...), member and blob (64 hex digits).")
	}
	if u.Width < 1 || u.Height < 1 || u.Width > maxPixels || u.Height > maxPixels {
		return room.Errorf(room.Invalid, "A photo's sides are 1 to %d pixels.", maxPixels)
	}
	return nil
}

// unpostedOf are the photos of these ids, which must be by's own and not in a
// post yet.
func (f *feed) unpostedOf(by room.MemberID, ids []string) ([]Photo, error) {
	if len(ids) > maxPhotos {
		return nil, room.Errorf(room.Invalid, "A post has up to %d photos.", maxPhotos)
	}
	photos := make([]Photo, 0, len(ids))
	for i, id := range ids {
		p := f.photos[id]
		switch {
		case p == nil || p.By != by:
			return nil, room.Errorf(room.NotFound, "A photo is not here any more. Add it again.")
		case p.Post != "":
			return nil, room.Errorf(room.Conflict, "You have shared this photo already.")
		case slices.Contains(ids[:i], id):
			return nil, room.Errorf(room.Invalid, "Each photo goes into a post once.")
		}
		photos = append(photos, Photo{p.Photo, p.Width, p.Height})
	}
	return photos, nil
}

// addUpload folds one; the member's oldest that was never posted makes room.
func (f *feed) addUpload(p *photo) {
	f.photos[p.Photo] = p
	f.shared[upload{p.By, p.Blob}] = p
	if p.Post != "" {
		return
	}
	waiting := append(f.unposted[p.By], p)
	if len(waiting) > maxUnposted {
		f.dropPhoto(waiting[0])
		waiting = slices.Delete(waiting, 0, 1)
	}
	f.unposted[p.By] = waiting
}

// dropPhoto forgets an upload.
func (f *feed) dropPhoto(p *photo) {
	delete(f.photos, p.Photo)
	if key := (upload{p.By, p.Blob}); f.shared[key] == p {
		delete(f.shared, key)
	}
}

// attach notes which post a photo is in.
func (f *feed) attach(id, post string) {
	p := f.photos[id]
	if p == nil || p.Post != "" {
		return
	}
	p.Post = post
	rest := slices.DeleteFunc(f.unposted[p.By], func(q *photo) bool { return q == p })
	if len(rest) == 0 {
		delete(f.unposted, p.By)
		return
	}
	f.unposted[p.By] = rest
}

// photoSeen reports whether m may look at a photo: it is in a post m sees, or
// m's own.
func (f *feed) photoSeen(m room.Member, p *photo) bool {
	if p.Post == "" {
		return m.Role.Staff() || m.ID != "" && m.ID == p.By
	}
	return f.posts[p.Post].seenBy(m)
}
