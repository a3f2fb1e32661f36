package arm

import (
	"net/http"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Dials change how the service behaves.
type Dials struct {
	// ResourceGraphStatus makes Resource Graph refuse every query with this
	// status (400 or 403); 0 leaves it working.
	ResourceGraphStatus int `json:"resource_graph_status"`
	// QueriesPerWindow is how many Resource Graph queries a caller has per
	// tenant in five seconds; 0 lifts the quota.
	QueriesPerWindow int `json:"queries_per_window"`
	// ReadBucket and ReadsPerSecond are size and refill of the bucket of reads
	// per caller and subscription; a bucket of 0 lifts the limit.
	ReadBucket     int `json:"read_bucket"`
	ReadsPerSecond int `json:"reads_per_second"`
	// PageSize of the lists that page; 0 means their usual sizes.
	PageSize int `json:"page_size"`
	// Challenge is a claims challenge (JSON) for every tenant: the token in use
	// when it is first met is refused from then on, a new one is accepted.
	Challenge string `json:"challenge"`
}

// Service is the http.Handler of the API, safe for concurrent use.
type Service struct {
	world    *world.World
	verifier bearer.Verifier
	owners   func() map[string]string // subscription id to tenant id

	mu         sync.Mutex
	dials      Dials
	windows    map[string]*window
	buckets    map[string]*bucket
	challenged map[string]string // tenant to the id of the refused token
}

// New makes the service with the limits that Azure has.
func New(w *world.World, v bearer.Verifier) *Service {
	s := &Service{
		world: w, verifier: v,
		dials:   Dials{QueriesPerWindow: 15, ReadBucket: 250, ReadsPerSecond: 25},
		windows: map[string]*window{}, buckets: map[string]*bucket{}, challenged: map[string]string{},
	}
	s.owners = sync.OnceValue(s.indexOwners)
	return s
}

// indexOwners is made once: subscriptions do not move between tenants.
func (s *Service) indexOwners() map[string]string {
	owners := map[string]string{}
	for _, c := range s.world.Customers() {
		for _, sub := range c.Subscriptions {
			owners[sub.ID] = c.TenantID
		}
	}
	return owners
}

// Set changes the dials. A new challenge forgets whom the old one refused.
func (s *Service) Set(change func(*Dials)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.dials.Challenge
	change(&s.dials)
	if s.dials.Challenge != before {
		clear(s.challenged)
	}
}

// Dials is a copy of the dials.
func (s *Service) Dials() Dials {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// call is one request whose caller is known. Customer is nil for tokens of the
// partner's own tenant, which has no subscriptions here but those delegated.
type call struct {
	*http.Request
	caller       bearer.Claims
	customer     *world.Customer
	delegated    []*world.Subscription // projected into a partner's tenant by Lighthouse
	owners       map[string]string     // subscription id to tenant id
	subscription *world.Subscription   // of the path, if it names one
	group        world.ResourceGroup   // of the path, if it names one
	hasGroup     bool
	home         bool     // the caller's account lives in the customer's own directory
	rest         []string // path behind them, as written
	version      string
	now          time.Time
	dials        Dials
}

// ServeHTTP answers one call.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	stamp(w.Header(), r)
	c, err := s.admit(w, r)
	if err == nil {
		var body any
		if body, err = s.dispatch(w, c); err == nil {
			write(w, http.StatusOK, body)
			return
		}
	}
	s.refuse(w, err)
}

// list is the body of every list.
type list struct {
	Value []any  `json:"value"`
	Next  string `json:"nextLink,omitempty"`
}
