//! The small configurations, explored to their end: what holds in every state of them, and what can be reached.
