// http-go is the rival of Go's net/http: /hello and files. usage: http-go PORT FOLDER
package main

import (
	"net/http"
	"os"
)

func main() {
	body := []byte("Hello, World!")
	http.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write(body)
	})
	http.Handle("/", http.FileServer(http.Dir(os.Args[2])))
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
