package worker_test

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// role makes this test binary the handler of a test: a small program whose
// behaviour the environment chooses.
const role = "WORKER_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(role) != "" {
		handler()
		return
	}
	os.Exit(m.Run())
}

// handler obeys: print-environment at start, exit-N on GET /exit/N, and the
// role "mute" never listens.
func handler() {
	fmt.Println("args", strings.Join(os.Args[1:], "|"))
	fmt.Println("root", os.Getenv("FUNCTIONS_APP_ROOT_PATH"), "same", os.Getenv("FUNCTIONS_HTTPWORKER_PORT") == os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"))
	fmt.Println("worker", os.Getenv("FUNCTIONS_CUSTOMHANDLER_WORKER_ID"))
	switch os.Getenv(role) {
	case "mute":
		select {}
	case "crash":
		fmt.Fprintln(os.Stderr, "boom")
		os.Exit(3)
	}
	fmt.Fprintln(os.Stderr, "a Warning line")
	fmt.Fprintln(os.Stderr, "azfuncjsonlog:{}")
	fmt.Fprintln(os.Stderr, "plain error line")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux.HandleFunc("GET /exit/{code}", func(_ http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		os.Exit(code)
	})
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), Handler: mux, ReadHeaderTimeout: time.Minute}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}
