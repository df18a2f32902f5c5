package ort

// weights are what the sessions of one model share.
type weights struct{}

// session makes a session over the shared weights.
func (w *weights) session(path string, o cOptions) (cSession, error) {
	return newCSession(path, nil, o, cPrepacked{})
}

func (w *weights) free() {}
