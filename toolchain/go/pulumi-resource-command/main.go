// Command pulumi-resource-command is the plugin behind the npm package @pulumi/command, for its local half: the
// resource command:local:Command and the function command:local:run.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-go-provider/infer"

	"berth/pulumi-resource-command/local"
)

// version is the one of the npm package; the engine asks the plugin for it.
const version = "1.2.1"

func main() {
	provider, err := infer.NewProviderBuilder().
		WithResources(infer.Resource(&local.Command{})).
		WithFunctions(infer.Function(&local.Run{})).
		Build()
	if err == nil {
		err = provider.Run(context.Background(), "command", version)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
