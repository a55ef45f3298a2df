//! What the tests share: a cluster with one kind of objects, boats, and plain requests to it.

use std::{future::Future, time::Duration};

use futures::{AsyncBufReadExt, StreamExt, stream::BoxStream};
use http::Request;
use http_body_util::BodyExt;
use kube::{
    Client,
    api::{Api, ApiResource, DynamicObject},
    client::Body,
    core::GroupVersionKind,
};
use kube_sim::{Cluster, tokio_clock};
use serde_json::{Value, json};

/// Boats have a name (required), sails (2 unless set) and a status of their own; `free` takes anything.
pub const BOATS: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.harbour.test}
spec:
  group: harbour.test
  names: {kind: Boat, plural: boats, singular: boat, listKind: BoatList, shortNames: [bt]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    selectableFields: [{jsonPath: .spec.name}]
    additionalPrinterColumns:
    - {name: Title, type: string, jsonPath: .spec.name}
    - {name: Left, type: date, jsonPath: .status.left}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            required: [name]
            properties:
              name: {type: string, minLength: 1}
              sails: {type: integer, minimum: 0, default: 2}
              rig: {type: string, enum: [sloop, ketch]}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
          status:
            type: object
            properties:
              left: {type: string, format: date-time}
              crew: {type: integer}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: harbours.harbour.test}
spec:
  group: harbour.test
  names: {kind: Harbour, plural: harbours}
  scope: Cluster
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
"#;

/// Where the boats of the namespace `ns` are.
pub const HERE: &str = "/apis/harbour.test/v1/namespaces/ns/boats";
/// The media types of patches.
pub const MERGE: &str = "application/merge-patch+json";
pub const JSON: &str = "application/json-patch+json";

/// A cluster and a client of it.
pub struct Rig {
    pub cluster: Cluster,
    pub client: Client,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub warning: Option<String>,
    pub body: Value,
}

impl Rig {
    pub fn new() -> Self {
        let cluster = Cluster::new("sea", tokio_clock());
        cluster.install_crds(BOATS).unwrap();
        cluster.create_namespace("ns");
        let client = cluster.client("test");
        Self { cluster, client }
    }

    /// Any request; the media type is that of the body or, where there is none, what is accepted.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        media_type: &str,
        body: Option<Value>,
    ) -> Answer {
        let header = if body.is_some() {
            "content-type"
        } else {
            "accept"
        };
        let bytes = body
            .map(|body| body.to_string().into_bytes())
            .unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header, media_type)
            .body(Body::from(bytes));
        let response = self.client.send(request.unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        Answer {
            code: parts.status.as_u16(),
            warning: parts
                .headers
                .get("warning")
                .map(|warning| warning.to_str().unwrap().to_owned()),
            body: serde_json::from_slice(&text).unwrap_or(Value::Null),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "application/json", None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, "application/json", Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask("PUT", path, "application/json", Some(body)).await
    }

    pub async fn patch(&self, path: &str, media_type: &str, body: Value) -> Answer {
        self.ask("PATCH", path, media_type, Some(body)).await
    }

    pub async fn delete(&self, path: &str, options: Value) -> Answer {
        self.ask("DELETE", path, "application/json", Some(options))
            .await
    }

    /// A boat that was made just now.
    pub async fn boat(&self, name: &str) -> Value {
        let answer = self.post(HERE, boat(name)).await;
        assert_eq!(answer.code, 201, "{answer:?}");
        answer.body
    }

    /// The lines of a watch, each as its type and its object.
    pub async fn watch(&self, query: &str) -> BoxStream<'static, std::io::Result<(String, Value)>> {
        let request = Request::get(format!("{HERE}?watch=true&{query}"))
            .body(Vec::new())
            .unwrap();
        let lines = self.client.request_stream(request).await.unwrap().lines();
        let read = |line: std::io::Result<String>| {
            let event: Value = serde_json::from_str(&line?).unwrap();
            Ok((
                event["type"].as_str().unwrap().to_owned(),
                event["object"].clone(),
            ))
        };
        lines.map(read).boxed()
    }

    pub fn boats(&self) -> Api<DynamicObject> {
        let gvk = GroupVersionKind::gvk("harbour.test", "v1", "Boat");
        Api::namespaced_with(self.client.clone(), "ns", &ApiResource::from_gvk(&gvk))
    }

    /// The names of the boats there are.
    pub fn names(&self) -> Vec<String> {
        let boats = self.cluster.objects("boats");
        boats
            .iter()
            .map(|boat| boat["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Answer {
    /// The code and the message of a refusal.
    pub fn refusal(&self) -> (u16, &str) {
        (self.code, self.body["message"].as_str().unwrap_or_default())
    }
}

pub fn boat(name: &str) -> Value {
    json!({"apiVersion": "harbour.test/v1", "kind": "Boat", "metadata": {"name": name}, "spec": {"name": name}})
}

/// The same object as an owner.
pub fn owner(object: &Value) -> Value {
    json!({
        "apiVersion": object["apiVersion"], "kind": object["kind"],
        "name": object["metadata"]["name"], "uid": object["metadata"]["uid"],
    })
}

pub fn with_metadata(mut object: Value, field: &str, value: Value) -> Value {
    object["metadata"][field] = value;
    object
}

/// The next of a stream, which must come within an hour of the test's clock.
pub async fn soon<T>(next: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(3_600), next)
        .await
        .expect("nothing came within an hour")
}

/// Lets everything that is due happen.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
