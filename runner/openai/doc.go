// Package openai is the engine of "tailscope attach": it loads one or two
// servers that speak OpenAI's API, or only watches them. In: requests of the
// protocol, a server's /metrics, its log. Out: samples with their time to the
// first token and the gaps between chunks, and events of what the server did.
//
// Begin in serve.go. schedule.go starts requests, stream.go times one request, probe.go finds out what a
// server takes and is, metrics.go and logs.go hold the tables of what servers
// export and print.
package openai
