package funchost

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/funchost/route"
	"github.com/samkeeper/samkeeper/funchost/script"
)

// bodyLimit is the host's default for inbound bodies.
const bodyLimit = 104857600

// loopbackOnly keeps the stand-in off the network.
func loopbackOnly(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("funchost: HTTP address: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("funchost: HTTP address %s is not on loopback", address)
	}
	return nil
}

// routesOf lists the HTTP functions, the most specific route first.
func routesOf(app *script.App) []*script.Function {
	var out []*script.Function
	for _, f := range app.Functions {
		if f.HTTP != nil {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b *script.Function) int { return route.Compare(a.HTTP.Route, b.HTTP.Route) })
	return out
}

// prepareFront makes the server; a bad certificate is found here.
func (h *Host) prepareFront() error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /admin/functions/{name}", h.postFunction)
	mux.HandleFunc("GET /admin/host/status", h.hostStatus)
	for _, method := range []string{"GET", "POST"} {
		mux.HandleFunc(method+" /admin/host/ping", func(http.ResponseWriter, *http.Request) {})
	}
	h.front = &http.Server{
		Handler: split(mux, h.dispatch), ReadHeaderTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(h.category("Host.Front").Handler(), slog.LevelWarn),
	}
	if h.cfg.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(h.cfg.TLSCert, h.cfg.TLSKey)
		if err != nil {
			return fmt.Errorf("TLS certificate: %w", err)
		}
		h.front.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	return nil
}

// split sends /admin to its handlers and everything else to the functions,
// past ServeMux, which would redirect paths that are not in their shortest form.
func split(mux http.Handler, functions http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(strings.ToLower(r.URL.Path), "/admin/") {
			mux.ServeHTTP(w, r)
			return
		}
		functions(w, r)
	})
}

func (h *Host) serve() {
	var err error
	if h.front.TLSConfig != nil {
		err = h.front.ServeTLS(h.socket, "", "")
	} else {
		err = h.front.Serve(h.socket)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		h.giveUp(fmt.Errorf("HTTP front: %w", err))
	}
}

// dispatch finds the function of a request.
func (h *Host) dispatch(w http.ResponseWriter, r *http.Request) {
	if !h.enter() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer h.tasks.Done()
	if r.URL.Path == "/" && h.app.Host.RoutePrefix != "" {
		_, _ = fmt.Fprintln(w, "Your Functions host stand-in is up and running.")
		return
	}
	f, params := h.match(r)
	switch {
	case f == nil || f.Disabled && !h.hasMaster(r):
		w.WriteHeader(http.StatusNotFound)
	case !h.mayCall(f, r):
		w.WriteHeader(http.StatusUnauthorized)
	default:
		r.Body = http.MaxBytesReader(w, r.Body, h.bodyLimit())
		h.serveFunction(w, r, f, params)
	}
}

func (h *Host) bodyLimit() int64 {
	text, _ := h.settings.Get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT")
	if limit, err := strconv.ParseInt(text, 10, 64); err == nil && limit > 0 {
		return limit
	}
	return bodyLimit
}

// match looks for the first route that fits path and method. A method that
// does not fit is like no route at all.
func (h *Host) match(r *http.Request) (*script.Function, route.Params) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	if prefix := h.app.Host.RoutePrefix; prefix != "" {
		if len(path) < len(prefix) || !strings.EqualFold(path[:len(prefix)], prefix) {
			return nil, nil
		}
		path = path[len(prefix):]
		if path != "" && path[0] != '/' {
			return nil, nil
		}
	}
	for _, f := range h.routes {
		if len(f.HTTP.Methods) > 0 && !slices.Contains(f.HTTP.Methods, r.Method) {
			continue
		}
		if params, ok := f.HTTP.Route.Match(path); ok {
			return f, params
		}
	}
	return nil, nil
}
