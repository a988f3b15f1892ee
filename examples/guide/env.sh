# What the configuration takes from the environment: . ./env.sh
# Set any of these before to have another value.
export GUIDE_CONTROL_PORT="${GUIDE_CONTROL_PORT:-9001}"
export GUIDE_APP_PORT="${GUIDE_APP_PORT:-8000}"
export GUIDE_REDIS_PORT="${GUIDE_REDIS_PORT:-6380}"
export GUIDE_USER="${GUIDE_USER:-$(id -un)}"
export GUIDE_REDIS_USER="${GUIDE_REDIS_USER:-$(id -un)}"
export PATH="$PWD/venv/bin:$PATH"
