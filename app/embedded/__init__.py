"""MongoDB and Redis for development and tests, started as child processes below `DATA_DIR`.

    EmbeddedServiceError                  a service cannot be started; says what to do
    ├── NoBinaryError                     this machine has no mongod or redis-server that runs
    ├── PortTakenError                    names the port and the setting that changes it
    └── StillRunningError                 an earlier process holds the same folder

Production sets `MONGODB_URL` and `REDIS_URL` and never comes here.
"""

from app.embedded.errors import EmbeddedServiceError, NoBinaryError, PortTakenError, StillRunningError
from app.embedded.mongodb import EmbeddedMongoDB
from app.embedded.redis import EmbeddedRedis

__all__ = [
    "EmbeddedMongoDB",
    "EmbeddedRedis",
    "EmbeddedServiceError",
    "NoBinaryError",
    "PortTakenError",
    "StillRunningError",
]
