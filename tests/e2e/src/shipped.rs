//! The host as `deploy/` ships it: its Deployment's container, with the arguments, the environment, the mounts and the account of that,
//! in a file system of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use k8s_openapi::ByteString;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::component;
use crate::process::{Access, stop};

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");
/// The terminationGracePeriodSeconds of the Deployment.
const GRACE: Duration = Duration::from_secs(30);
/// Where a pod finds its account.
const ACCOUNT: &str = "var/run/secrets/kubernetes.io/serviceaccount";
/// What stands for the image's libraries is this machine's. Nothing of it is written to.
const ENTER: &str = r#"
root=$1; shift
for folder in usr lib lib64; do
    if [ -d "/$folder" ]; then mkdir "$root/$folder"; mount --rbind "/$folder" "$root/$folder"; fi
done
exec chroot "$root" /pilothouse "$@"
"#;

/// A container that runs.
pub struct Shipped {
    child: Child,
    root: TempDir,
}

impl Shipped {
    /// Whether this machine lets a test have a file system of its own.
    pub fn is_possible() -> bool {
        let mut enter = std::process::Command::new("unshare");
        let mount = [
            "--map-root-user",
            "--mount",
            "mount",
            "-t",
            "tmpfs",
            "x",
            "/run",
        ];
        enter.args(mount).status().is_ok_and(|it| it.success())
    }

    /// Starts it with that access: what its Secret holds, and the account of the pod.
    pub(crate) fn start(access: &Access) -> Result<Self> {
        let container = container()?;
        let root = tempfile::tempdir()?;
        let kubeconfig = inline(&access.kubeconfig)?;
        let entry = Entry::of(&kubeconfig, &access.control_plane)?;
        let write = |path: &str, content: &[u8]| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().context("a file")?)?;
            fs::write(path, content).map_err(anyhow::Error::from)
        };
        let mount = container["volumeMounts"][0]["mountPath"].as_str();
        let secret = format!(
            "{}/kubeconfig",
            mount.context("a mount")?.trim_start_matches('/')
        );
        write(&secret, kubeconfig.to_string().as_bytes())?;
        write(&format!("{ACCOUNT}/token"), entry.token.as_bytes())?;
        write(&format!("{ACCOUNT}/ca.crt"), &entry.authority)?;
        write(&format!("{ACCOUNT}/namespace"), b"k8ssandra-operator")?;
        write(
            "policies/k8ssandra-task.wasm",
            &fs::read(component::built()?)?,
        )?;
        fs::copy(component::host()?, root.path().join("pilothouse"))?;
        let (host, port) = entry.server.rsplit_once(':').context("a port")?;
        let texts = |field: &str| container[field].as_array().cloned().unwrap_or_default();
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-euc", ENTER, "sh"]);
        command.arg(root.path());
        command.args(texts("args").iter().filter_map(Value::as_str));
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        for variable in texts("env") {
            let text = |field: &str| variable[field].as_str().unwrap_or_default().to_owned();
            command.env(text("name"), text("value"));
        }
        command.env(
            "KUBERNETES_SERVICE_HOST",
            host.trim_start_matches("https://"),
        );
        command.env("KUBERNETES_SERVICE_PORT", port);
        let log = fs::File::create(root.path().join("log"))?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let child = command.kill_on_drop(true).spawn();
        let child = child.context("starting the container")?;
        Ok(Self { child, root })
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.root.path().join("log")).unwrap_or_default()
    }

    /// Stops it as a kubelet does.
    pub async fn stop(mut self) -> Result<()> {
        let stopped = stop(&mut self.child, GRACE).await;
        stopped.with_context(|| format!("the container's log:\n{}", self.log()))
    }
}

/// The container of the Deployment, with the component that names the remote contexts.
fn container() -> Result<Value> {
    let read = |path: &str| -> Result<Value> {
        let path = Path::new(DEPLOY).join(path);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(serde_saphyr::from_str(&text)?)
    };
    let mut deployment = read("control-plane/deployment.yaml")?;
    let component = read("components/remote-contexts/kustomization.yaml")?;
    let patch = component["patches"][0]["patch"].as_str();
    let patch: json_patch::Patch = serde_saphyr::from_str(patch.context("a patch")?)?;
    json_patch::patch(&mut deployment, &patch)?;
    Ok(deployment["spec"]["template"]["spec"]["containers"][0].take())
}

/// A kubeconfig that refers to no other file.
fn inline(path: &Path) -> Result<Value> {
    let mut config: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    for it in config["clusters"].as_array_mut().into_iter().flatten() {
        let cluster = it["cluster"].as_object_mut().context("a cluster")?;
        let authority = cluster.remove("certificate-authority");
        let authority = authority
            .as_ref()
            .and_then(Value::as_str)
            .map(PathBuf::from);
        let authority = fs::read(authority.context("an authority")?)?;
        let data = serde_json::to_value(ByteString(authority))?;
        cluster.insert("certificate-authority-data".into(), data);
    }
    Ok(config)
}

/// What a kubeconfig says of a context whose parts are all named as it is.
struct Entry {
    server: String,
    authority: Vec<u8>,
    token: String,
}

impl Entry {
    fn of(config: &Value, context: &str) -> Result<Self> {
        let named = |list: &str, part: &str| {
            let mut all = config[list].as_array().into_iter().flatten();
            let found = all.find(|it| it["name"] == context);
            let found = found.with_context(|| format!("{context} is not in {list}"))?;
            anyhow::Ok(found[part].clone())
        };
        let (cluster, user) = (named("clusters", "cluster")?, named("users", "user")?);
        let authority: ByteString =
            serde_json::from_value(cluster["certificate-authority-data"].clone())?;
        Ok(Self {
            server: cluster["server"].as_str().context("a server")?.to_owned(),
            authority: authority.0,
            token: user["token"].as_str().context("a token")?.to_owned(),
        })
    }
}
