package configs

import "strings"

// PresetText returns a preset as it ships, with its comments.
func PresetText(name string) ([]byte, bool) {
	b, err := presetFiles.ReadFile("presets/" + name + ".yaml")
	return b, err == nil
}

// PresetDoc is the comment at the top of a preset, on one line.
func PresetDoc(name string) string {
	text, _ := PresetText(name)
	var doc []string
	for line := range strings.Lines(string(text)) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !ok {
			break
		}
		doc = append(doc, strings.TrimSpace(comment))
	}
	return strings.Join(doc, " ")
}
