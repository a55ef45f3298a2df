//! Worlds on real API servers: `deploy/`'s CRDs and rights, the `pilothouse` binary under its service account, and
//! kubectl. All behaviours share the clusters; each has a namespace and a host of its own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use cass_operator_sim::CassOperator;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams};
use kube_env::Environment;

use crate::objects::CONTEXTS;
use crate::process::{Access, Process};
use crate::shipped::Shipped;
use crate::world::{Failures, Operator, QUICK, World, cass_operator};

/// Where `deploy/` puts the host, and as whom.
pub(crate) const NAMESPACE: &str = "k8ssandra-operator";
const SERVICE_ACCOUNT: &str = "pilothouse";

/// The control plane of clusters that has none of the CassandraTasks.
pub const HUB: &str = "kind-hub";

/// Real API servers with everything installed.
pub struct Clusters {
    pub(crate) environment: Environment,
    control_plane: &'static str,
    /// As what `deploy/` makes of it.
    own: Access,
    worlds: AtomicUsize,
}

impl Clusters {
    /// Starts the API servers and applies `deploy/`. The control plane is the first of [`CONTEXTS`].
    pub async fn start() -> Result<Self> {
        Self::install(Environment::start(&CONTEXTS).await?, CONTEXTS[0]).await
    }

    /// The same with a control plane of its own, which does not serve CassandraTasks.
    pub async fn start_with_hub() -> Result<Self> {
        let [first, second] = CONTEXTS;
        let environment = Environment::start(&[HUB, first, second]).await?;
        let clusters = Self::install(environment, HUB).await?;
        let definitions: Api<CustomResourceDefinition> =
            Api::all(clusters.environment.client(HUB)?);
        let name = "cassandratasks.control.k8ssandra.io";
        definitions.delete(name, &DeleteParams::default()).await?;
        Ok(clusters)
    }

    async fn install(environment: Environment, control_plane: &'static str) -> Result<Self> {
        install_crds(&environment).await?;
        let remotes: Vec<&str> = CONTEXTS
            .into_iter()
            .filter(|context| *context != control_plane)
            .collect();
        for context in remotes.iter().copied().chain([control_plane]) {
            environment.create_namespace(context, NAMESPACE).await?;
            let rights = rights(context == control_plane)?;
            environment.apply(context, &rights).await?;
        }
        let kubeconfig = environment
            .operator_kubeconfig(control_plane, &remotes, NAMESPACE, SERVICE_ACCOUNT)
            .await?;
        let own = Access {
            kubeconfig,
            control_plane: control_plane.to_owned(),
        };
        Ok(Self {
            environment,
            control_plane,
            own,
            worlds: AtomicUsize::new(0),
        })
    }

    /// The kubeconfig of an administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.environment.admin_kubeconfig().to_owned()
    }

    /// The API servers.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Takes all rights in a context from the host's account.
    pub async fn take_rights(&self, context: &str) -> Result<()> {
        let client = self.environment.client(context)?;
        let bindings: Api<ClusterRoleBinding> = Api::all(client);
        let name = format!("pilothouse-{}", role(context == self.control_plane));
        bindings.delete(&name, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Gives the host's account its rights in a context again.
    pub async fn give_rights(&self, context: &str) -> Result<()> {
        let rights = rights(context == self.control_plane)?;
        self.environment.apply(context, &rights).await
    }

    /// The tokens of the host's account are not accepted any more in a context, as when they have expired.
    pub async fn revoke_tokens(&self, context: &str) -> Result<()> {
        let client = self.environment.client(context)?;
        let accounts: Api<ServiceAccount> = Api::namespaced(client, NAMESPACE);
        let parameters = DeleteParams::default();
        accounts.delete(SERVICE_ACCOUNT, &parameters).await?;
        self.give_rights(context).await
    }

    /// New tokens take the place of those in the host's kubeconfig.
    pub async fn issue_tokens(&self) -> Result<()> {
        let (environment, hub) = (&self.environment, self.control_plane);
        let issued = environment.operator_kubeconfig(hub, &CONTEXTS, NAMESPACE, SERVICE_ACCOUNT);
        std::fs::rename(issued.await?, &self.own.kubeconfig)?;
        Ok(())
    }

    /// The host's container, as `deploy/` ships it.
    pub fn shipped(&self) -> Result<Shipped> {
        Shipped::start(&self.own)
    }

    /// Everything that was stored in the contexts is lost. What `deploy/` installs for users is there again, and
    /// cass-operators are started anew: they would not notice.
    pub async fn empty(&self, world: &mut World) -> Result<()> {
        self.environment.empty().await?;
        install_crds(&self.environment).await?;
        let namespace = &world.namespace;
        for context in CONTEXTS {
            let created = self.environment.create_namespace(context, namespace);
            created.await?;
        }
        world.cass_operators = self.cass_operators(namespace, &world.failures, QUICK)?;
        Ok(())
    }

    /// A cass-operator for a namespace in each of [`CONTEXTS`].
    pub(crate) fn cass_operators(
        &self,
        namespace: &str,
        failures: &Failures,
        pod_time: Duration,
    ) -> Result<Vec<CassOperator>> {
        let start = |context| {
            let options = cass_operator(failures, pod_time).in_namespace(namespace);
            let client = self.environment.client(context)?;
            Ok(CassOperator::start(client, options))
        };
        CONTEXTS.into_iter().map(start).collect()
    }

    /// A world whose host has the administrator's rights.
    pub async fn world_of_administrator(&self) -> Result<World> {
        let access = Access {
            kubeconfig: self.kubeconfig(),
            control_plane: self.control_plane.to_owned(),
        };
        self.new_world_as(access).await
    }

    /// The host's access with the account that `deploy/` creates for it.
    pub(crate) fn own(&self) -> &Access {
        &self.own
    }

    /// A world in a namespace that no other world uses.
    pub async fn new_world(&self) -> Result<World> {
        self.new_world_as(self.own.clone()).await
    }

    /// The same, with this access for the host.
    pub(crate) async fn new_world_as(&self, access: Access) -> Result<World> {
        let number = self.worlds.fetch_add(1, Ordering::Relaxed);
        self.world_as(&format!("behaviour-{number}"), QUICK, access)
            .await
    }

    /// A world in this namespace.
    pub async fn world(&self, namespace: &str, pod_time: Duration) -> Result<World> {
        self.world_as(namespace, pod_time, self.own.clone()).await
    }

    async fn world_as(&self, namespace: &str, pod_time: Duration, access: Access) -> Result<World> {
        let failures = Failures::default();
        let mut contexts: BTreeSet<&str> = CONTEXTS.into();
        contexts.insert(self.control_plane);
        for context in &contexts {
            if namespace != NAMESPACE {
                self.environment
                    .create_namespace(context, namespace)
                    .await?;
            }
        }
        let cass_operators = self.cass_operators(namespace, &failures, pod_time)?;
        let mut operator = Process::new(access, namespace)?;
        operator.start().await?;
        let client =
            |context: &&str| Ok(((*context).to_owned(), self.environment.client(context)?));
        Ok(World {
            namespace: namespace.to_owned(),
            control_plane: self.control_plane.to_owned(),
            clients: contexts.iter().map(client).collect::<Result<_>>()?,
            operator: Box::new(operator),
            failures,
            kubectl: Some(self.environment.kubectl()),
            cass_operators,
        })
    }
}

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

async fn install_crds(environment: &Environment) -> Result<()> {
    let definitions = ["crds", "overlays/standalone", "../tests/fixtures/crds"];
    let definitions = definitions.map(|folder| deploy().join(folder));
    environment.install_crds(&definitions).await
}

/// What `deploy/` calls the host's role there.
fn role(is_control_plane: bool) -> &'static str {
    match is_control_plane {
        true => "control-plane",
        false => "remote",
    }
}

/// The rights of the host's account.
fn rights(is_control_plane: bool) -> Result<String> {
    let file = deploy().join(role(is_control_plane)).join("rbac.yaml");
    std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
}
