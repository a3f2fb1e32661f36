package funchost_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/funchost"
	"github.com/samkeeper/samkeeper/funchost/worker"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

func TestEmptyAnswerHangsUntilFunctionTimeout(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"empty": "200|application/json|", "null": "200|application/json|null", "204": "204|application/json|",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := launch(t, setup{
				host: `,"functionTimeout":"00:00:01"`, functions: map[string]string{"Hang": queueIn, "Fine": timerIn},
				env: []string{"ANSWER_Hang=" + answer},
			})
			for range 4 { // a timeout is never counted as a crash
				if err := r.Ready(bounded(t)); err != nil {
					t.Fatal(err)
				}
				before, began := r.HandlerPID(), time.Now()
				if err := r.Invoke(bounded(t), "Hang", ""); !errors.Is(err, funchost.ErrTimeout) {
					t.Fatal(err)
				}
				if took := time.Since(began); took < time.Second {
					t.Errorf("gave up after %s", took)
				}
				if r.HandlerPID() == before {
					t.Error("the handler was not killed")
				}
			}
			if err := r.Invoke(bounded(t), "Fine", ""); err != nil {
				t.Error("after the restart:", err)
			}
		})
	}
}

func TestTimeoutKillsTheOthersToo(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{
		host: `,"functionTimeout":"00:00:02"`, functions: map[string]string{"Hang": timerIn, "Late": queueIn},
		env: []string{"ANSWER_Hang=200|text/plain|hang", "ANSWER_Late=200|text/plain|hang"},
	})
	first := make(chan error, 1)
	go func() { first <- r.Invoke(t.Context(), "Hang", "") }()
	r.requests(t, 1)
	<-time.After(500 * time.Millisecond) // so that only the first times out
	err := r.Invoke(bounded(t), "Late", "")
	if err == nil || errors.Is(err, funchost.ErrTimeout) || !strings.Contains(err.Error(), "calling the handler") {
		t.Error("the other invocation fails by its connection:", err)
	}
	if err := <-first; !errors.Is(err, funchost.ErrTimeout) {
		t.Error(err)
	}
}

func TestThreeCrashesStopTheHost(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{functions: map[string]string{"Crash": timerIn}, env: []string{"ANSWER_Crash=200|x|exit:3"}})
	eventually(t, "the host's end", func() bool { // a call during a restart may miss the new process
		_ = r.Invoke(bounded(t), "Crash", "")
		select {
		case <-r.Done():
			return true
		default:
			return false
		}
	})
	if !errors.Is(r.Err(), worker.ErrDead) {
		t.Error(r.Err())
	}
}

func TestExitZeroRefusesEveryLaterCall(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{functions: map[string]string{"Quit": timerIn, "Fine": timerIn}, env: []string{"ANSWER_Quit=200|x|exit:0"}})
	if err := r.Invoke(bounded(t), "Quit", ""); err == nil {
		t.Error("the quitting call fails")
	}
	if err := r.Invoke(bounded(t), "Fine", ""); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Error("later calls are refused:", err)
	}
}

func TestPeakMemorySurvivesRestarts(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("peak memory is read from /proc")
	}
	r := launch(t, setup{functions: map[string]string{"Restart": timerIn}, env: []string{"ANSWER_Restart=200|x|exit:200"}})
	if err := r.Ready(bounded(t)); err != nil {
		t.Fatal(err)
	}
	before := r.HandlerPeakRSS()
	_ = r.Invoke(bounded(t), "Restart", "")
	if after := r.HandlerPeakRSS(); before < 1<<20 || after < before {
		t.Errorf("peak %d, then %d", before, after)
	}
}

func TestNoFunctionsNoProcess(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{})
	if r.HandlerPID() != 0 || r.Ready(t.Context()) != nil {
		t.Error("the process must not be started without functions")
	}
}

func TestHandlerThatNeverListensStopsTheHost(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{
		handler: `,"initializationTimeout":"00:00:00.2"`, functions: map[string]string{"Tick": timerIn},

		change: func(c *funchost.Config) { // "sleep" is a process that never listens
			c.Env = append(c.Env, "AzureFunctionsJobHost__customHandler__description__defaultExecutablePath=sleep",
				"AzureFunctionsJobHost__customHandler__description__arguments__0=60")
		},
	})
	err := r.Invoke(bounded(t), "Tick", "")
	if err == nil {
		t.Error("the invocation must fail")
	}
	select {
	case <-r.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("the host still runs")
	}
	if r.Err() == nil {
		t.Error("the host must say why it stopped")
	}
}

// TestCrashLeavesMessagesLeased: a host whose machine is gone settles nothing,
// and another host gets the message when the lease runs out.
func TestCrashLeavesMessagesLeased(t *testing.T) {
	t.Parallel()
	storage := azurite.ForTest(t)
	first := launchOn(t, storage, setup{
		functions: map[string]string{"Sync": queueIn}, env: []string{"ANSWER_Sync=200|text/plain|hang"},
		change: func(c *funchost.Config) { c.QueueLease = 2 * time.Second },
	})
	first.put(t, "work", encoded("x"))
	first.requests(t, 1)
	first.Crash()
	if stat := first.Stats()["Sync"]; stat.Running != 0 || first.peek(t, "work") != nil {
		t.Errorf("%+v, visible %q: the message must stay leased", stat, first.peek(t, "work"))
	}
	second := launchOn(t, storage, setup{functions: map[string]string{"Sync": queueIn}})
	if all := second.requests(t, 1); !strings.Contains(all[0].Body, `"DequeueCount":"2"`) {
		t.Error(all[0].Body)
	}
}
