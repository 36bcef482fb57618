// Package local runs commands on the machine where Pulumi runs.
package local

import (
	"context"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Command is a resource that is a command's doing: Create runs when it is made, Update (or else Create again) when an
// input has changed, Delete when it goes. A change of Triggers replaces it.
type Command struct{}

// CommandArgs are the inputs of a Command.
type CommandArgs struct {
	Settings
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
	Triggers []any   `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// CommandState is what is kept of a Command: its inputs and what the latest run printed.
type CommandState struct {
	CommandArgs
	Output
}

// Check refuses values that this plugin would not act on.
func (Command) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[CommandArgs], error) {
	args, failures, err := infer.DefaultCheck[CommandArgs](ctx, req.NewInputs)
	failures = append(failures, checkSettings(req.NewInputs)...)
	return infer.CheckResponse[CommandArgs]{Inputs: args, Failures: failures}, err
}

// Create runs the create command, if there is one.
func (Command) Create(ctx context.Context, req infer.CreateRequest[CommandArgs]) (infer.CreateResponse[CommandState], error) {
	state := CommandState{CommandArgs: req.Inputs}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err == nil && !req.DryRun && req.Inputs.Create != nil {
		state.Output, err = req.Inputs.run(ctx, *req.Inputs.Create, Output{})
	}
	return infer.CreateResponse[CommandState]{ID: id, Output: state}, err
}

// Update runs the update command, else the create command, with the output of the run before in its environment.
func (Command) Update(
	ctx context.Context, req infer.UpdateRequest[CommandArgs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	state := CommandState{CommandArgs: req.Inputs, Output: req.State.Output}
	command := req.Inputs.Update
	if command == nil {
		command = req.Inputs.Create
	}
	var err error
	if !req.DryRun && command != nil {
		state.Output, err = req.Inputs.run(ctx, *command, req.State.Output)
	}
	return infer.UpdateResponse[CommandState]{Output: state}, err
}

// Delete runs the delete command that was in force at the latest update.
func (Command) Delete(ctx context.Context, req infer.DeleteRequest[CommandState]) (infer.DeleteResponse, error) {
	if req.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	_, err := req.State.run(ctx, *req.State.Delete, req.State.Output)
	return infer.DeleteResponse{}, err
}

// checkSettings finds inputs that the real plugin knows and this one does not, and unknown logging modes.
func checkSettings(inputs property.Map) []p.CheckFailure {
	var failures []p.CheckFailure
	for _, name := range []string{"archivePaths", "assetPaths"} {
		if value, found := inputs.GetOk(name); found && !value.IsNull() {
			failures = append(failures, p.CheckFailure{
				Property: name,
				Reason:   "not supported by the plugin that Berth built from source; install the official command plugin",
			})
		}
	}
	if value, found := inputs.GetOk("logging"); found && value.IsString() && !loggingModes[value.AsString()] {
		failures = append(failures, p.CheckFailure{
			Property: "logging",
			Reason:   value.AsString() + ": must be stdout, stderr, stdoutAndStderr or none",
		})
	}
	return failures
}
