package wire

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/roomful/roomful/room"
)

// AppendUpdate writes {"seq":42,"type":"feed.posted","at":1790000000000,"by":"m_7","op":"c9f2:16","data":{...}};
// by and op are left out when empty.
func AppendUpdate(dst []byte, u *room.Update) []byte {
	dst = append(dst, `{"seq":`...)
	dst = strconv.AppendUint(dst, u.Seq, 10)
	dst = append(dst, `,"type":`...)
	dst = AppendString(dst, u.Type)
	dst = append(dst, `,"at":`...)
	dst = strconv.AppendInt(dst, int64(u.At), 10)
	if u.By != "" {
		dst = append(dst, `,"by":`...)
		dst = AppendString(dst, string(u.By))
	}
	if u.Op != "" {
		dst = append(dst, `,"op":`...)
		dst = AppendString(dst, u.Op)
	}
	dst = append(dst, `,"data":`...)
	dst = AppendRaw(dst, u.Data)
	return append(dst, '}')
}

// AppendHello writes {"id":1,"ok":{"member":"m_7","time":1790000000000,"pingMs":25000}}.
func AppendHello(dst []byte, id uint64, member room.MemberID, now time.Time, ping time.Duration) []byte {
	dst = appendOK(dst, id)
	if member != "" {
		dst = append(dst, `"member":`...)
		dst = AppendString(dst, string(member))
		dst = append(dst, ',')
	}
	dst = append(dst, `"time":`...)
	dst = strconv.AppendInt(dst, now.UnixMilli(), 10)
	dst = append(dst, `,"pingMs":`...)
	dst = strconv.AppendInt(dst, ping.Milliseconds(), 10)
	return append(dst, "}}"...)
}

// AppendJoined writes {"id":2,"ok":{"resumed":true}}.
func AppendJoined(dst []byte, id uint64, resumed bool) []byte {
	dst = appendOK(dst, id)
	dst = append(dst, `"resumed":`...)
	dst = strconv.AppendBool(dst, resumed)
	return append(dst, "}}"...)
}

// AppendReply writes {"id":3,"ok":{"seq":44,"reply":{...}}}.
func AppendReply(dst []byte, id, seq uint64, reply json.RawMessage) []byte {
	return append(AppendReplyBody(appendVerb(dst, id, `"ok":`), seq, reply), '}')
}

// AppendReplyBody writes {"seq":44,"reply":{...}}, which a POST answers.
func AppendReplyBody(dst []byte, seq uint64, reply json.RawMessage) []byte {
	dst = append(dst, `{"seq":`...)
	dst = strconv.AppendUint(dst, seq, 10)
	if len(reply) > 0 {
		dst = append(dst, `,"reply":`...)
		dst = append(dst, reply...)
	}
	return append(dst, '}')
}

// AppendResult writes {"id":4,"ok":{"pos":"k3:46","result":{...}}}.
func AppendResult(dst []byte, id uint64, pos room.Position, result json.RawMessage) []byte {
	return append(AppendResultBody(appendVerb(dst, id, `"ok":`), pos, result), '}')
}

// AppendResultBody writes {"pos":"k3:46","result":{...}}.
func AppendResultBody(dst []byte, pos room.Position, result json.RawMessage) []byte {
	dst = append(dst, `{"pos":"`...)
	dst = pos.Append(dst)
	dst = append(dst, `","result":`...)
	dst = AppendRaw(dst, result)
	return append(dst, '}')
}

// AppendDone writes {"id":5,"ok":{}}.
func AppendDone(dst []byte, id uint64) []byte { return append(appendOK(dst, id), "}}"...) }

// AppendError writes {"id":3,"error":{"code":"forbidden","message":"...","retryAfterMs":0}};
// id 0 is left out: the frame it answers had none that could be read.
func AppendError(dst []byte, id uint64, err *room.Error) []byte {
	dst = appendVerb(dst, id, `"error":`)
	dst = appendProblem(dst, err, true)
	return append(dst, '}')
}

// AppendBye writes {"bye":{"code":"drain","message":"...","retryAfterMs":4200}}, with a
// room if only that room ends.
func AppendBye(dst []byte, id room.ID, err *room.Error) []byte {
	dst = append(dst, '{')
	if id != "" {
		dst = append(dst, `"room":`...)
		dst = AppendString(dst, string(id))
		dst = append(dst, ',')
	}
	dst = append(dst, `"bye":`...)
	dst = appendProblem(dst, err, false)
	return append(dst, '}')
}

func appendProblem(dst []byte, err *room.Error, always bool) []byte {
	dst = append(dst, `{"code":`...)
	dst = AppendString(dst, string(err.Code))
	if err.Message != "" {
		dst = append(dst, `,"message":`...)
		dst = AppendString(dst, err.Message)
	}
	if always || err.RetryAfter > 0 {
		dst = append(dst, `,"retryAfterMs":`...)
		dst = strconv.AppendInt(dst, err.RetryAfter.Milliseconds(), 10)
	}
	return append(dst, '}')
}

func appendOK(dst []byte, id uint64) []byte { return append(appendVerb(dst, id, `"ok":`), '{') }

func appendVerb(dst []byte, id uint64, verb string) []byte {
	dst = append(dst, '{')
	if id != 0 {
		dst = append(dst, `"id":`...)
		dst = strconv.AppendUint(dst, id, 10)
		dst = append(dst, ',')
	}
	return append(dst, verb...)
}

// AppendRaw writes JSON that is already encoded, null for none.
func AppendRaw(dst []byte, raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return append(dst, "null"...)
	}
	return append(dst, raw...)
}

// AppendString writes s as a JSON string.
func AppendString(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			b, _ := json.Marshal(s) // a string always encodes
			return append(dst, b...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }
