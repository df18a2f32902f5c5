package provision

// ProviderReport says whether an execution provider runs on this machine.
type ProviderReport struct {
	Provider string   `json:"provider"`
	Works    bool     `json:"works"`
	Reason   string   `json:"reason,omitempty"` // why it does not
	Device   string   `json:"device,omitempty"` // what computes
	Notes    []string `json:"notes,omitempty"`
}
