package peer

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"time"
)

// startTimeout bounds one start.
const startTimeout = 30 * time.Second

// startTime starts a side's program as the host does and measures the time from
// exec to its first answer on "/".
func (a *arena) startTime(ctx context.Context, s side, connection string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	port, err := freePort(ctx)
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, s.command[0], s.command[1:]...)
	cmd.Env = append(a.env(connection, s.settings), "SAMKEEPER_PUBLIC_URL=http://localhost:"+port, "FUNCTIONS_CUSTOMHANDLER_PORT="+port)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting %s: %w", s.name, err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}()
	if err := answered(ctx, "127.0.0.1:"+port); err != nil {
		return 0, fmt.Errorf("starting %s: %w", s.name, err)
	}
	return time.Since(began), nil
}

// answered returns when an HTTP answer came; it asks a thousand times a second.
func answered(ctx context.Context, address string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: startTimeout}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var dialer net.Dialer
	for {
		if conn, err := dialer.DialContext(ctx, "tcp4", address); err == nil {
			_ = conn.Close()
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("no answer: %w", ctx.Err())
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

func freePort(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port, listener.Close()
}

// median of at least one duration.
func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}
