// Command pulumi-resource-docker is the plugin behind the npm package @pulumi/docker: Pulumi's bridge over the
// Terraform Docker provider, under the package's type tokens.
//
// The module has the odd name it has because Go lets only modules below github.com/terraform-providers/
// terraform-provider-docker import that provider's internal package.
package main

import (
	"context"
	"runtime"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// version is the one of the npm package; the engine asks the plugin for it.
const version = "5.2.0"

// resources maps the Terraform provider's resource types to the classes of @pulumi/docker.
var resources = map[string]string{
	"docker_buildx_builder": "BuildxBuilder",
	"docker_config":         "ServiceConfig",
	"docker_container":      "Container",
	"docker_image":          "RemoteImage",
	"docker_network":        "Network",
	"docker_plugin":         "Plugin",
	"docker_registry_image": "RegistryImage",
	"docker_secret":         "Secret",
	"docker_service":        "Service",
	"docker_tag":            "Tag",
	"docker_volume":         "Volume",
}

// functions maps the Terraform provider's data sources to the functions of @pulumi/docker.
var functions = map[string]string{
	"docker_image":                    "getRemoteImage",
	"docker_logs":                     "getLogs",
	"docker_network":                  "getNetwork",
	"docker_plugin":                   "getPlugin",
	"docker_registry_image":           "getRegistryImage",
	"docker_registry_image_manifests": "getRegistryImageManifests",
}

func main() {
	tfbridge.Main("docker", version, providerInfo(), []byte("{}"))
}

func providerInfo() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:           shimv2.NewProvider(provider.New("dev")()),
		Name:        "docker",
		Version:     version,
		Config:      configInfo(),
		Resources:   map[string]*tfbridge.ResourceInfo{},
		DataSources: map[string]*tfbridge.DataSourceInfo{},
	}
	for terraformName, class := range resources {
		info.Resources[terraformName] = &tfbridge.ResourceInfo{Tok: tokens.Type(token(class))}
	}
	for terraformName, function := range functions {
		info.DataSources[terraformName] = &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(token(function))}
	}

	// Where the bridge would derive another name than the npm package has.
	container := info.Resources["docker_container"]
	container.DeleteBeforeReplace = true
	container.Fields = map[string]*tfbridge.SchemaInfo{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}
	info.Resources["docker_image"].Fields = map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}}

	info.SetAutonaming(255, "-")
	return info
}

// configInfo says how the provider finds the engine: its host setting, else DOCKER_HOST, else the default socket.
func configInfo() map[string]*tfbridge.SchemaInfo {
	defaultHost := "unix:///var/run/docker.sock"
	if runtime.GOOS == "windows" {
		defaultHost = "npipe:////./pipe/docker_engine"
	}
	return map[string]*tfbridge.SchemaInfo{
		"host": {Default: &tfbridge.DefaultInfo{
			EnvVars: []string{"DOCKER_HOST"},
			ComputeDefault: func(context.Context, tfbridge.ComputeDefaultOptions) (any, error) {
				return defaultHost, nil
			},
		}},
		"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
	}
}

// token is the Pulumi token of a class or function, such as docker:index/container:Container.
func token(name string) string {
	return "docker:index/" + string(name[0]|0x20) + name[1:] + ":" + name
}
