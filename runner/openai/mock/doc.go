// Package mock is a server that speaks enough of OpenAI's API for tests: it
// streams completions and chat with planted times, misbehaves on request, and
// notes when it really wrote, so that a client can be judged by it. In: HTTP
// requests and the Faults to plant. Out: streams, /metrics, /v1/models,
// /server_info. Begin in mock.go.
package mock
