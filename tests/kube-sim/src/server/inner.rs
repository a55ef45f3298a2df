//! What all handles, clients and watches of one cluster share, and the way of a request through it: written down,
//! delayed or refused by faults, carried out, answered or not.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::body::Body;
use http::Response;
use http_body_util::BodyExt;
use jiff::Timestamp;
use tokio::sync::watch;
use tower::BoxError;

use super::{
    call::Call,
    clock::Clock,
    fault::{Faults, Point, Refusal},
    log::{Log, lock},
    reply::Reply,
    watch::Signal,
};
use crate::store::{state::State, time::seconds};

/// One cluster.
pub(crate) struct Inner {
    pub name: String,
    clock: Clock,
    state: Mutex<State>,
    pub signal: watch::Sender<Signal>,
    pub log: Log,
    pub faults: Faults,
}

impl Inner {
    pub fn new(name: &str, clock: Clock) -> Self {
        let state = State::begin(name, &seconds(clock()));
        let signal = Signal {
            rv: state.tables.rv(),
            ..Signal::default()
        };
        Self {
            name: name.to_owned(),
            clock,
            state: Mutex::new(state),
            signal: watch::Sender::new(signal),
            log: Log::default(),
            faults: Faults::default(),
        }
    }

    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The state, for a moment: nothing may be awaited while it is held.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Answers one request as the cluster, its network included, does. An error is a broken connection.
    pub async fn answer<B>(
        self: Arc<Self>,
        request: http::Request<B>,
    ) -> Result<Response<Body>, BoxError>
    where
        B: http_body::Body + Send,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(Into::into)?.to_bytes();
        let call = Call::read(&parts, body, self.now());
        let entry = self.log.arrive(call.request.clone());
        self.check_reachable()?;
        let refused = self.faults.meet(Point::Before, &call.request).await;
        self.check_reachable()?;
        let reply = match refused {
            Ok(()) => {
                let reply = self.carry_out(&call);
                lock(&entry).carried_out = Some(reply.code);
                match self.faults.meet(Point::After, &call.request).await {
                    Ok(()) => reply,
                    Err(refusal) => refuse(refusal)?,
                }
            }
            Err(refusal) => refuse(refusal)?,
        };
        self.check_reachable()?;
        lock(&entry).answered = Some(reply.code);
        reply.into_response()
    }

    fn check_reachable(&self) -> io::Result<()> {
        if self.signal.borrow().unreachable {
            let message = format!("simulated cluster {} is unreachable", self.name);
            return Err(io::Error::new(io::ErrorKind::ConnectionRefused, message));
        }
        Ok(())
    }

    /// Tells watches of what was written, and has garbage collected.
    pub fn announce(self: &Arc<Self>) {
        let (rv, collect) = {
            let mut state = self.state();
            let collect = state.garbage.waits();
            state.garbage.collecting |= collect;
            (state.tables.rv(), collect)
        };
        self.signal
            .send_if_modified(|signal| std::mem::replace(&mut signal.rv, rv) != rv);
        if collect {
            tokio::spawn(self.clone().collect());
        }
    }

    /// Collects garbage, a little later than the request that made it.
    async fn collect(self: Arc<Self>) {
        tokio::time::sleep(Duration::ZERO).await;
        {
            let (mut state, now) = (self.state(), seconds(self.now()));
            state.collect_garbage(&now);
            state.garbage.collecting = false;
        }
        self.announce();
    }
}

/// The reply that a fault puts in the place of another.
fn refuse(refusal: Refusal) -> Result<Reply, BoxError> {
    match refusal {
        Refusal::Status(failure) => Ok(Reply::failure(&failure)),
        Refusal::Disconnect => {
            let message = "simulated fault: connection reset";
            Err(io::Error::new(io::ErrorKind::ConnectionReset, message).into())
        }
    }
}
