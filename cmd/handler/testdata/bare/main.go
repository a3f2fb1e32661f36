// Command bare is the least Go server there is: what BenchmarkStart compares
// the handler's start with.
package main

import (
	"net/http"
	"os"
)

func main() {
	_ = http.ListenAndServe("127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	os.Exit(1)
}
