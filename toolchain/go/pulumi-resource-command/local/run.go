package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// graceToEnd is how long a cancelled command may take to end after SIGTERM.
const graceToEnd = 5 * time.Second

// loggingModes are the values of Settings.Logging.
var loggingModes = map[string]bool{"stdout": true, "stderr": true, "stdoutAndStderr": true, "none": true}

// Settings say how a command is run. All are optional.
type Settings struct {
	// Interpreter is the program and arguments that get the command as last argument. Default: /bin/sh -c.
	Interpreter []string `pulumi:"interpreter,optional"`
	// Dir is the working directory. Default: that of the Pulumi program.
	Dir *string `pulumi:"dir,optional"`
	// Environment is added to the environment of the plugin.
	Environment map[string]string `pulumi:"environment,optional"`
	// Stdin is what the command reads from standard input. Default: nothing.
	Stdin *string `pulumi:"stdin,optional"`
	// Logging says which streams are shown while the command runs. Default: stdoutAndStderr.
	Logging *string `pulumi:"logging,optional"`
	// AddPreviousOutputInEnv puts the output of the run before into PULUMI_COMMAND_STDOUT and _STDERR. Default: true.
	AddPreviousOutputInEnv *bool `pulumi:"addPreviousOutputInEnv,optional"`
}

// Output is what a command printed, without the last line's end.
type Output struct {
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Run is a function that runs a command once and returns what it printed.
type Run struct{}

// RunArgs are the inputs of Run.
type RunArgs struct {
	Settings
	Command string `pulumi:"command"`
}

// RunResult is what Run returns: its inputs and the output.
type RunResult struct {
	RunArgs
	Output
}

// Invoke runs the command.
func (Run) Invoke(ctx context.Context, req infer.FunctionRequest[RunArgs]) (infer.FunctionResponse[RunResult], error) {
	output, err := req.Input.run(ctx, req.Input.Command, Output{})
	return infer.FunctionResponse[RunResult]{Output: RunResult{RunArgs: req.Input, Output: output}}, err
}

// run runs one command to its end, shows its lines as they come, and returns what it printed. An error names the
// command and ends with everything that was printed, so no secret belongs into a command's text.
func (s Settings) run(ctx context.Context, command string, previous Output) (Output, error) {
	words := append([]string{}, s.Interpreter...)
	if len(words) == 0 {
		words = []string{"/bin/sh", "-c"}
	}
	words = append(words, command)

	var all syncBuffer
	var stdout, stderr bytes.Buffer
	logger := p.GetLogger(ctx)
	outLines, errLines := &lineWriter{show: logger.Info}, &lineWriter{show: logger.Info}

	process := exec.CommandContext(ctx, words[0], words[1:]...)
	process.Env = s.environment(previous)
	process.Stdout = s.sinks("stdout", &stdout, &all, outLines)
	process.Stderr = s.sinks("stderr", &stderr, &all, errLines)
	if s.Dir != nil {
		process.Dir = *s.Dir
	}
	if s.Stdin != nil {
		process.Stdin = strings.NewReader(*s.Stdin)
	}
	endWithGroup(process)

	err := process.Run()
	outLines.flush()
	errLines.flush()
	output := Output{
		Stdout: strings.TrimSuffix(stdout.String(), "\n"),
		Stderr: strings.TrimSuffix(stderr.String(), "\n"),
	}
	if err == nil {
		return output, nil
	}
	if ctx.Err() != nil {
		return output, fmt.Errorf("cancelled: running %q:\n%s", command, all.String())
	}
	return output, fmt.Errorf("%w: running %q:\n%s", err, command, all.String())
}

// environment is the plugin's, with the output of the run before and the command's own on top.
func (s Settings) environment(previous Output) []string {
	env := os.Environ()
	if s.AddPreviousOutputInEnv == nil || *s.AddPreviousOutputInEnv {
		if previous.Stdout != "" {
			env = append(env, "PULUMI_COMMAND_STDOUT="+previous.Stdout)
		}
		if previous.Stderr != "" {
			env = append(env, "PULUMI_COMMAND_STDERR="+previous.Stderr)
		}
	}
	for name, value := range s.Environment {
		env = append(env, name+"="+value)
	}
	return env
}

// sinks is where one stream of a command goes.
func (s Settings) sinks(stream string, buffer *bytes.Buffer, all *syncBuffer, lines *lineWriter) io.Writer {
	if s.Logging == nil || *s.Logging == "stdoutAndStderr" || *s.Logging == stream {
		return io.MultiWriter(buffer, all, lines)
	}
	return io.MultiWriter(buffer, all)
}

// endWithGroup makes a cancelled command end together with what it has started: SIGTERM, then SIGKILL.
func endWithGroup(process *exec.Cmd) {
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.WaitDelay = graceToEnd + time.Second
	process.Cancel = func() error {
		group := -process.Process.Pid
		time.AfterFunc(graceToEnd, func() { _ = syscall.Kill(group, syscall.SIGKILL) })
		err := syscall.Kill(group, syscall.SIGTERM)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}

// syncBuffer collects both streams of a command in the order they are written.
type syncBuffer struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.Buffer.Write(data)
}

// lineWriter shows each line as soon as it is complete.
type lineWriter struct {
	show    func(line string)
	pending []byte
}

func (w *lineWriter) Write(data []byte) (int, error) {
	w.pending = append(w.pending, data...)
	for {
		line, rest, found := bytes.Cut(w.pending, []byte("\n"))
		if !found {
			return len(data), nil
		}
		w.show(string(line))
		w.pending = rest
	}
}

// flush shows what came after the last line's end.
func (w *lineWriter) flush() {
	if len(w.pending) > 0 {
		w.show(string(w.pending))
		w.pending = nil
	}
}
