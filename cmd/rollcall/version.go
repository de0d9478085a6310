package main

import (
	"io"
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

// Run says which version this is, as the build recorded it.
func (versionCmd) Run(a *app) error {
	v := struct {
		Version  string `json:"version"`
		Revision string `json:"revision,omitempty"`
		Go       string `json:"go"`
		Platform string `json:"platform"`
	}{Version: programVersion(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	return a.show(v, func(w io.Writer) error {
		return properties(w, "rollcall", v.Version, "revision", v.Revision, "go", v.Go, "platform", v.Platform)
	})
}

func programVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
