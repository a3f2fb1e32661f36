package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/keys"
	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/limits"
	"github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/record"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Config is what the door opens to. All fields are required.
type Config struct {
	World    *world.World
	Faults   *faults.Injector
	Vault    *keyvault.Server
	Recorder *record.Recorder
	Ring     *keys.Ring
	Info     func() Info

	PartnerCenter *partnercenter.Service
	ARM           *arm.Service
	Limits        limits.Services
}

// Info is what a handler must be told to use this simulator.
type Info struct {
	Env       map[string]string `json:"env"`       // settings by name
	Listening map[string]string `json:"listening"` // base URLs by logical host
	Endpoints map[string]string `json:"endpoints"` // the same, under the name tests use
	Customers int               `json:"customers"`
	Seed      uint64            `json:"seed"`
	Cloud     string            `json:"cloud"`
	Now       string            `json:"now"` // virtual time, RFC 3339
}

// server answers the control calls.
type server struct{ Config }

// New makes the handler.
func New(cfg Config) http.Handler {
	s := &server{cfg}
	mux := http.NewServeMux()
	for pattern, do := range map[string]func(*http.Request) (any, error){
		"GET /sim/info":                  func(*http.Request) (any, error) { return s.Info(), nil },
		"GET /sim/expected":              s.expected,
		"GET /sim/secrets":               func(*http.Request) (any, error) { return map[string]any{"values": s.World.Secrets()}, nil },
		"GET /sim/vault":                 func(*http.Request) (any, error) { return map[string]any{"secrets": s.Vault.Versions()}, nil },
		"GET /sim/requests":              s.requests,
		"GET /sim/faults":                func(*http.Request) (any, error) { return map[string]any{"faults": s.Faults.Active()}, nil },
		"POST /sim/faults":               s.setFault,
		"DELETE /sim/faults":             s.clearFaults,
		"DELETE /sim/faults/{id}":        s.removeFault,
		"POST /sim/dials":                s.services,
		"GET /sim/limits":                s.shares,
		"POST /sim/limits":               s.publish,
		"POST /sim/clock":                s.clock,
		"POST /sim/customers/{tid}":      s.customer,
		"POST /sim/tenants/{tid}/policy": s.policy,
		"POST /sim/users/{who}":          s.user,
		"POST /sim/grants/revoke":        s.revoke,
		"POST /sim/app/secret":           s.rotateSecret,
		"POST /sim/app/federation":       s.federation,
		"POST /sim/app/spread":           s.spread,
		"POST /sim/vault/role":           s.vaultRole,
		"POST /sim/keys/rotate":          s.rotateKeys,
	} {
		mux.HandleFunc(pattern, serve(do))
	}
	return mux
}

// errUnknown is a thing that does not exist: 404.
var errUnknown = errors.New("unknown")

func serve(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		body, err := do(r)
		status := http.StatusOK
		if err != nil {
			status, body = http.StatusBadRequest, map[string]string{"error": err.Error()}
			if errors.Is(err, errUnknown) {
				status = http.StatusNotFound
			}
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // the client hung up: nobody is left to tell
	}
}

// decode reads a JSON body strictly; an empty body leaves into as it is.
func decode(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the body: %w", err)
	}
	return nil
}

func (s *server) expected(r *http.Request) (any, error) {
	tasks := strings.FieldsFunc(r.URL.Query().Get("tasks"), func(c rune) bool { return c == ',' || c == ' ' })
	if len(tasks) == 0 {
		tasks = []string{world.TaskConsent, "subscriptions", "health", "alerts", "directory", world.TaskAccess}
	}
	return s.World.Expected(tasks, r.URL.Query().Get("classic") == "true"), nil
}

func (s *server) requests(*http.Request) (any, error) {
	return map[string]any{"counts": s.Recorder.Counts(), "recent": s.Recorder.Recent()}, nil
}
