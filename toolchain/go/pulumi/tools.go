//go:build tools

// Package tools names the program that set-up builds from this module. A module of its own is needed because
// `go install module@version` refuses modules whose go.mod has replace lines.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
