# syntax=docker/dockerfile:1
ARG PYTHON=3.13-slim

FROM python:${PYTHON} AS build
WORKDIR /src
COPY .ci/requirements requirements
# Exactly the files that were locked: a package that was replaced in the index is refused.
RUN python3 -m venv --without-pip /opt/gemulator \
 && python3 -m pip --python /opt/gemulator/bin/python install --no-cache-dir --no-compile --disable-pip-version-check \
    --require-hashes --only-binary :all: --requirement requirements/runtime.txt \
 && python3 -m pip install --no-cache-dir --disable-pip-version-check --root-user-action ignore \
    --require-hashes --only-binary :all: --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY emulator emulator
COPY scenarios scenarios
RUN python3 -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
 && python3 -m pip --python /opt/gemulator/bin/python install --no-deps --no-compile --disable-pip-version-check dist/*.whl
# Wheels come with symbols that nobody debugs in here: a quarter of the image.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils >/dev/null \
 && find /opt/gemulator -name '*.so*' -type f -exec strip --strip-unneeded {} +
# One answer leaves the bytecode of what serving imports. Without it each start compiles anew, and takes twice as long.
RUN /opt/gemulator/bin/gemulator exec -- python3 -c "import os, urllib.request as u; \
    body = b'{\"model\": \"google/m\", \"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}'; \
    u.urlopen(u.Request(os.environ['OPENAI_BASE_URL'] + '/chat/completions', body, {'authorization': 'Bearer x'})).read()"

FROM python:${PYTHON}
COPY --from=build /opt/gemulator /opt/gemulator
RUN groupadd --system --gid 10001 gemulator && useradd --system --uid 10001 --gid gemulator --no-create-home gemulator \
 && install --directory --owner=gemulator --group=gemulator --mode=0700 /authority \
 && install --directory --owner=gemulator --group=gemulator --mode=0755 /credentials
USER 10001:10001
ENV PATH=/opt/gemulator/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    GEMULATOR_HOST=0.0.0.0 GEMULATOR_PORT=8089 GEMULATOR_STATE=/authority
EXPOSE 8089
HEALTHCHECK --interval=5s --timeout=2s --start-period=5s --retries=3 \
  CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"GEMULATOR_PORT\"]}/__emulator/health', timeout=2)"]
ENTRYPOINT ["gemulator"]
CMD ["serve"]
