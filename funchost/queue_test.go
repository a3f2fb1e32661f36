package funchost_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/samkeeper/samkeeper/funchost"
)

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestQueueEnvelope(t *testing.T) {
	t.Parallel()
	const message = `{"tenant":"t1","id":"mine"}`
	r := launch(t, setup{functions: map[string]string{"Sync": queueIn}})
	r.put(t, "work", encoded(message))
	r.idle(t)
	all := r.requests(t, 1)
	if len(all) != 1 {
		t.Fatalf("%d requests", len(all))
	}
	got := all[0]
	if got.Method != "POST" || got.URI != "/Sync" || !got.Chunked || got.Header.Get("Content-Type") != "application/json; charset=utf-8" ||
		got.Header.Get("X-Azure-Functions-HostVersion") != funchost.Version || len(got.Header.Get("X-Azure-Functions-InvocationId")) != 36 {
		t.Errorf("request %+v", got)
	}
	var envelope struct{ Data, Metadata map[string]any }
	if err := json.Unmarshal([]byte(got.Body), &envelope); err != nil {
		t.Fatal(err)
	}
	if want, _ := json.Marshal(message); envelope.Data["msg"] != string(want) {
		t.Errorf("msg is %q", envelope.Data["msg"])
	}
	for name, want := range map[string]any{"DequeueCount": "1", "tenant": `"t1"`, "Id": `"mine"`} {
		if envelope.Metadata[name] != want {
			t.Errorf("%s is %v, want %v", name, envelope.Metadata[name], want)
		}
	}
	if sys := envelope.Metadata["sys"].(map[string]any); sys["MethodName"] != "Sync" {
		t.Errorf("sys is %v", sys)
	}
	if stat := r.Stats()["Sync"]; stat != (funchost.Stat{Succeeded: 1}) || r.peek(t, "work") != nil {
		t.Errorf("stat %+v, queue %q", stat, r.peek(t, "work"))
	}
}

func TestQueueBinaryIsPlainBase64AndNotMerged(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{functions: map[string]string{"Sync": binaryIn}})
	r.put(t, "work", encoded(`{"tenant":"t1"}`))
	r.idle(t)
	body := r.requests(t, 1)[0].Body
	if !strings.Contains(body, `"Data":{"msg":"`+encoded(`{"tenant":"t1"}`)+`"}`) || strings.Contains(body, `"tenant"`) || !strings.Contains(body, `"DequeueCount":"1"`) {
		t.Error(body)
	}
}

func TestFailingMessageEndsInPoison(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"500":         `500|application/json|{"Outputs":{"out":["never"]}}`,
		"text/plain":  `200|text/plain|{}`,
		"broken JSON": `200|application/json|{`,
		"broken text": `200|application/json|{"Outputs":{"out":"{x}"}}`,
		"too large":   `200|application/json|{"Outputs":{"out":["` + strings.Repeat("x", 48<<10+1) + `"]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := launch(t, setup{
				host: `,"extensions":{"queues":{"maxDequeueCount":2}}`, functions: map[string]string{"Sync": queueIn + "," + queueOut},
				env: []string{"ANSWER_Sync=" + answer},
			})
			r.put(t, "work", encoded("bad"))
			r.idle(t)
			if got := r.peek(t, "work-poison"); !slices.Equal(got, []string{encoded("bad")}) || r.peek(t, "done") != nil {
				t.Errorf("poison %q, done %q", got, r.peek(t, "done"))
			}
			if stat := r.Stats()["Sync"]; stat.Failed != 2 {
				t.Errorf("stat %+v", stat)
			}
		})
	}
}

func TestQueueOutputs(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{
		functions: map[string]string{
			"Sync": queueIn + "," + queueOut + `,{"name":"$return","type":"queue","direction":"out","queueName":"returned-{tenant}"}`,
			"Next": `{"name":"msg","type":"queueTrigger","direction":"in","queueName":"done"}`,
		},
		env: []string{`ANSWER_Sync=200|application/json|{"Outputs":{"out":["one","two"],"OUT":["not mine"]},"Logs":["hi"],"ReturnValue":"test"}`, "AzureWebJobs.Next.Disabled=1"},
	})
	r.put(t, "work", encoded(`{"tenant":"t1"}`))
	r.idle(t)
	if got := r.peek(t, "done"); !slices.Equal(got, []string{encoded("one"), encoded("two")}) {
		t.Errorf("done holds %q", got)
	}
	if got := r.peek(t, "returned-t1"); !slices.Equal(got, []string{encoded("\xb5\xeb-")}) {
		t.Errorf("the sniffed base64 is %q", got)
	}
}

func TestEncodingNoneGoesBothWays(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{
		host: `,"extensions":{"queues":{"messageEncoding":"none"}}`, functions: map[string]string{"Sync": queueIn + "," + queueOut},
		env: []string{`ANSWER_Sync=200|application/json|{"Outputs":{"out":["plain"]}}`},
	})
	r.put(t, "work", "{raw}")
	r.idle(t)
	if !strings.Contains(r.requests(t, 1)[0].Body, `{raw}`) || !slices.Equal(r.peek(t, "done"), []string{"plain"}) {
		t.Error(r.requests(t, 1), r.peek(t, "done"))
	}
}

func TestSeveralHostsShareAQueue(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	ids := map[string]int{}
	s := setup{functions: map[string]string{"Sync": queueIn}, change: func(c *funchost.Config) {
		c.Observe = func(i funchost.Invocation) {
			mu.Lock()
			defer mu.Unlock()
			ids[i.ID]++
		}
	}}
	first := launch(t, s)
	second := launchOn(t, first.storage, s)
	for range 40 {
		first.put(t, "work", encoded("x"))
	}
	first.idle(t)
	second.idle(t)
	mu.Lock()
	defer mu.Unlock()
	if len(ids) != 40 {
		t.Errorf("%d invocations for 40 messages", len(ids))
	}
}

func TestIdentityBasedConnectionIsRefused(t *testing.T) {
	t.Parallel()
	host, err := funchost.New(funchost.Config{
		ScriptRoot: stage(t, setup{functions: map[string]string{"Sync": queueIn}}),
		Env:        []string{"AzureWebJobsStorage__accountName=acct"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "connection strings only") {
		t.Error(err)
	}
}

func TestInvokeQueueFunctionByHand(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{functions: map[string]string{"Sync": queueIn}, env: []string{"ANSWER_Sync=500|text/plain|no"}})
	if err := r.Invoke(bounded(t), "sync", "by hand"); err == nil || !strings.Contains(err.Error(), "500") {
		t.Error(err)
	}
	if body := r.requests(t, 1)[0].Body; !strings.Contains(body, `"msg":"\"by hand\""`) {
		t.Error(body)
	}
	if err := r.Invoke(bounded(t), "nobody", ""); !errors.Is(err, funchost.ErrNoFunction) {
		t.Error(err)
	}
}
