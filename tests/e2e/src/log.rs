//! What a host logs, kept for the test that runs it.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

/// While only one subscriber lives, tracing asks that of the thread that comes to a line of code first, and keeps
/// the answer for all threads: another test without a subscriber would silence that line here. Two ask both.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// What was logged.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Writes what is logged down here.
    pub fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + 'static {
        LazyLock::force(&SECOND);
        let writer = self.clone();
        let lines = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone());
        lines.with_env_filter("warn,pilothouse=debug").finish()
    }

    /// What was logged so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_test_that_comes_to_a_line_first_does_not_silence_it() {
        let log = Log::default();
        let line = || tracing::warn!("here");
        tracing::subscriber::with_default(log.subscriber(), || {
            std::thread::spawn(line).join().unwrap();
            line();
        });
        assert_eq!(log.text().matches("here").count(), 1, "{}", log.text());
    }
}
