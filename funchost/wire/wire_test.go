package wire_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/funchost/wire"
)

func TestEnvelopeOfAQueueMessage(t *testing.T) {
	t.Parallel()
	const message = `{"tenant":"t1","n":5,"dequeueCount":9,"list":[1],"none":null,"sub":{"a":1},"ok":true,"myTrigger":"x"}`
	var meta wire.Metadata
	meta.Number("DequeueCount", 1)
	meta.Text("Id", "6f1c")
	meta.Date("InsertionTime", time.Date(2026, 9, 8, 10, 0, 0, 123456789, time.UTC))
	meta.Text("QueueTrigger", message)
	meta.MergeJSON([]byte(message))
	envelope := wire.Envelope{Data: map[string]json.RawMessage{"msg": wire.Text(message)}, Metadata: &meta}

	var got struct{ Data, Metadata map[string]any }
	if err := json.Unmarshal(envelope.Encode(), &got); err != nil {
		t.Fatal(err)
	}
	var once string
	if err := json.Unmarshal([]byte(got.Data["msg"].(string)), &once); err != nil || once != message {
		t.Errorf("msg decodes to %q (%v)", once, err)
	}
	want := map[string]any{
		"DequeueCount": `"9"`, "Id": `"6f1c"`, "InsertionTime": "2026-09-08T10:00:00+00:00",
		"tenant": `"t1"`, "n": `"5"`, "sub": map[string]any{"a": 1.0}, "ok": `"True"`,
	}
	if diff := cmp.Diff(want, got.Metadata); diff != "" {
		t.Error("metadata (-want +got):", diff)
	}
	if !strings.HasPrefix(string(envelope.Encode()), `{"Data":{"msg":"\"{\\\"tenant\\\"`) {
		t.Error("casing or encoding:", string(envelope.Encode()))
	}
}

func TestScalarsAndBytes(t *testing.T) {
	t.Parallel()
	for name, pair := range map[string][2]string{
		"text":  {string(wire.Text("abc")), `"\"abc\""`},
		"angle": {string(wire.Text("<&>")), `"\"<&>\""`},
		"int":   {string(wire.Scalar(1)), `"1"`},
		"array": {string(wire.Scalar([]int{1, 2})), `"[1,2]"`},
		"bytes": {string(wire.Bytes([]byte{0, 255})), `"AP8="`},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %s, want %s", name, pair[0], pair[1])
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	var meta wire.Metadata
	meta.Text("tenant", "t1")
	meta.Sys("F", "guid", time.Now())
	if got, err := meta.Expand("done-{Tenant}-{sys.RandGuid}"); err != nil || got != "done-t1-guid" {
		t.Errorf("%q, %v", got, err)
	}
	for _, text := range []string{"{nope}", "{sys}", "{sys.nope}", "{}"} {
		if got, err := meta.Expand(text); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const (
		ok   = "success"
		hang = "hang"
		fail = "failure"
	)
	for _, tc := range []struct {
		name   string
		status int
		media  string
		body   string
		want   string
	}{
		{"minimal", 200, "application/json", "{}", ok},
		{"with charset", 201, "application/json; charset=utf-8", "{}", ok},
		{"text/json", 200, "text/json", "{}", ok},
		{"names in any case, unknown ignored", 200, "application/json", `{"outputs":{},"LOGS":["a",1],"returnvalue":null,"more":1}`, ok},
		{"nulls", 200, "application/json", `{"Outputs":null,"Logs":null}`, ok},
		{"empty", 200, "application/json", "", hang},
		{"empty without type", 200, "", "", hang},
		{"null", 200, "application/json", " null\n", hang},
		{"204", 204, "", "", hang},
		{"text/plain", 200, "text/plain; charset=utf-8", "{}", fail},
		{"no type", 200, "", "{}", fail},
		{"xml", 200, "application/xml", "<a/>", fail},
		{"not JSON", 200, "application/json", "{", fail},
		{"array", 200, "application/json", "[]", fail},
		{"objects in Logs", 200, "application/json", `{"Logs":[{}]}`, fail},
		{"Outputs no object", 200, "application/json", `{"Outputs":[]}`, fail},
		{"500", 500, "application/json", "{}", fail},
		{"404", 404, "application/json", "{}", fail},
		{"304", 304, "application/json", "{}", fail},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := wire.Judge(tc.status, tc.media, []byte(tc.body))
			got := fail
			if err == nil {
				got = ok
			} else if errors.Is(err, wire.ErrNoAnswer) {
				got = hang
			}
			if got != tc.want {
				t.Errorf("%s (%v), want %s", got, err, tc.want)
			}
		})
	}
}

func TestQueueMessages(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, value, dataType string
		want                  []string
	}{
		{"plain", `"hello"`, "", []string{"hello"}},
		{"too short for base64", `"OK"`, "", []string{"OK"}},
		{"test is base64", `"test"`, "", []string{"\xb5\xeb-"}},
		{"Done is base64", `"Done"`, "", []string{"\x0e\x89\xde"}},
		{"not with dataType binary", `"test"`, "binary", []string{"test"}},
		{"white space is ignored", `"aGVs\nbG8="`, "", []string{"hello"}},
		{"array elements are left alone", `["test","{\"id\":1}"]`, "", []string{"test", `{"id":1}`}},
		{"JSON array text is split", `"[\"a\", {\"b\":1}]"`, "", []string{"a", "{\n  \"b\": 1\n}"}},
		{"JSON object text is indented", `"{\"b\":1,\"a\":2}"`, "", []string{"{\n  \"b\": 1,\n  \"a\": 2\n}"}},
		{"object is indented", `{"b":{}}`, "", []string{"{\n  \"b\": {}\n}"}},
		{"date", `"2026-09-08T10:00:00Z"`, "", []string{"09/08/2026 10:00:00"}},
		{"date in an array", `["2026-09-08T10:00:00.5+02:00"]`, "", []string{"09/08/2026 08:00:00"}},
		{"number", `5`, "", []string{"5"}},
		{"null", `null`, "", nil},
		{"empty array", `[]`, "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			messages, err := wire.QueueMessages(json.RawMessage(tc.value), tc.dataType)
			var got []string
			for _, m := range messages {
				got = append(got, string(m))
			}
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("%q (%v), want %q", got, err, tc.want)
			}
		})
	}
	if _, err := wire.QueueMessages(json.RawMessage(`"{x}"`), ""); err == nil {
		t.Error("text that looks like JSON and is not must fail")
	}
}

func TestHTTPOutput(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, value string
		status      int
		body, media string
	}{
		{"all three", `{"statusCode":"201","headers":{"Content-Type":"text/html"},"body":"<p>"}`, 201, "<p>", "text/html"},
		{"any case", `{"StatusCode":404,"Body":"gone"}`, 404, "gone", "text/plain; charset=utf-8"},
		{"status alone is ignored", `{"status":500}`, 200, "", ""},
		{"object body", `{"body":{"a":1}}`, 200, "{\n  \"a\": 1\n}", "text/plain; charset=utf-8"},
		{"JSON inside text", `"{\"statusCode\":202}"`, 202, "", ""},
		{"missing", `null`, 200, "{}", "application/json; charset=utf-8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := wire.HTTPOutput(json.RawMessage(tc.value), true)
			if err != nil || got.Status != tc.status || string(got.Body) != tc.body || got.Header.Get("Content-Type") != tc.media {
				t.Errorf("%+v %s (%v)", got, got.Body, err)
			}
		})
	}
	for _, value := range []string{`"plain"`, `5`, `[]`} {
		if _, err := wire.HTTPOutput(json.RawMessage(value), true); err == nil {
			t.Errorf("%s was accepted", value)
		}
	}
	if got := wire.HTTPReturn(json.RawMessage(`{"status":418}`)); got.Status != 418 {
		t.Errorf("$return takes status: %+v", got)
	}
	if got := wire.HTTPReturn(json.RawMessage(`"hi"`)); string(got.Body) != "hi" {
		t.Errorf("$return text is the body: %+v", got)
	}
}

func TestSpreadOfReturnValue(t *testing.T) {
	t.Parallel()
	answer, err := wire.Judge(200, "application/json", []byte(`{"Outputs":{"a":1},"ReturnValue":{"b":2}}`))
	if err != nil {
		t.Fatal(err)
	}
	if out := answer.Spread(false); string(out["a"]) != "1" || string(out["b"]) != "2" {
		t.Error(out)
	}
	if out := answer.Spread(true); len(out) != 1 {
		t.Error(out)
	}
}

func FuzzJudge(f *testing.F) {
	for _, seed := range []string{`{}`, `{"Outputs":{"q":["a",{"b":null}],"res":{"statusCode":1e9,"headers":{"a":[1]}}},"Logs":["x",null]}`, `null`, `{"ReturnValue":"dGVzdA=="}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(_ *testing.T, body []byte) {
		answer, err := wire.Judge(200, "application/json", body)
		if err != nil {
			return
		}
		for _, value := range answer.Spread(false) {
			_, _ = wire.QueueMessages(value, "")
			_, _ = wire.HTTPOutput(value, true)
		}
		wire.HTTPReturn(answer.ReturnValue)
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(`{"id":"x","sys":{},"a":[]}`), "{id}")
	f.Fuzz(func(t *testing.T, body []byte, text string) {
		var meta wire.Metadata
		meta.MergeJSON(body)
		_, _ = meta.Expand(text)
		if !json.Valid(wire.Envelope{Metadata: &meta}.Encode()) {
			t.Error("the envelope is not JSON")
		}
	})
}
