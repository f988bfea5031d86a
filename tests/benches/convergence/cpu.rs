//! Time that the thread spent computing: unlike that of the wall it does not depend on who else uses the machine, nor on
//! how long the disk takes to sync, which would hide what grows with the log.

use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use rustix::time::{ClockId, clock_gettime};

use crate::blocks;

/// Measures the time of the thread.
pub(crate) struct ThreadTime;

/// The time that this thread has spent computing.
pub(crate) fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap()
}

/// The time that all threads of this process have spent computing.
pub(crate) fn of_process() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap()
}

impl Measurement for ThreadTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        blocks::begin();
        now()
    }

    fn end(&self, start: Duration) -> Duration {
        let took = now() - start;
        blocks::end();
        took
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}
