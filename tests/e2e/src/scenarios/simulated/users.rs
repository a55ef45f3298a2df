//! What everybody but the host does: users and other controllers, as requests to the API servers.

use anyhow::Result;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use pilothouse_policy_test::clusters::{Change, named};
use pilothouse_policy_test::reference::{Context, Reference};
use serde_json::{Value, json};

use super::Simulated;

impl Simulated {
    /// What happens to an object; nothing where something else happens.
    pub(super) async fn write(&self, change: &Change) -> Result<()> {
        match change {
            Change::Apply { context, object } => self.apply(context, object).await,
            Change::Patch { object, patch } => self.merge(object, patch, false).await,
            Change::PatchStatus { object, patch } => self.merge(object, patch, true).await,
            Change::Status { object, status } => self.status(object, status).await,
            Change::Delete(object) => {
                let api = self.api(object)?;
                api.delete(&object.name, &DeleteParams::background())
                    .await?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn apply(&self, context: &Context, object: &Value) -> Result<()> {
        let reference = named(context.as_deref(), object);
        let api = self.api(&reference)?;
        let mut applied = object.clone();
        if let Some(existing) = api.get_opt(&reference.name).await? {
            let existing = serde_json::to_value(existing)?;
            for field in ["resourceVersion", "uid", "finalizers", "ownerReferences"] {
                applied["metadata"][field] = existing["metadata"][field].clone();
            }
            api.replace(
                &reference.name,
                &PostParams::default(),
                &serde_json::from_value(applied)?,
            )
            .await?;
            return Ok(());
        }
        api.create(&PostParams::default(), &serde_json::from_value(applied)?)
            .await?;
        if object["status"].is_object() {
            self.status(&reference, &object["status"]).await?;
        }
        Ok(())
    }

    async fn status(&self, reference: &Reference, status: &Value) -> Result<()> {
        let patch = json!([{ "op": "add", "path": "/status", "value": status }]);
        let patch: Patch<Value> = Patch::Json(serde_json::from_value(patch)?);
        let api = self.api(reference)?;
        api.patch_status(&reference.name, &PatchParams::default(), &patch)
            .await?;
        Ok(())
    }

    async fn merge(&self, reference: &Reference, patch: &Value, is_status: bool) -> Result<()> {
        let api = self.api(reference)?;
        let (name, parameters) = (&reference.name, PatchParams::default());
        if is_status {
            let patch = Patch::Merge(json!({ "status": patch }));
            api.patch_status(name, &parameters, &patch).await?;
        } else {
            api.patch(name, &parameters, &Patch::Merge(patch)).await?;
        }
        Ok(())
    }
}
