# A policy server on CPUs; docs/deploy.md says how to run it. From the repository's root:
#   docker build -t sightline .        (or podman build)
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 OMP_WAIT_POLICY=passive

# torch comes first and pinned, without the GPU libraries of a plain `pip install torch`.
RUN pip install --no-cache-dir torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu

COPY pyproject.toml README.md LICENSE /opt/sightline/
COPY packages /opt/sightline/packages
COPY src /opt/sightline/src
RUN pip install --no-cache-dir /opt/sightline/packages/sightline-client /opt/sightline

RUN useradd --create-home --uid 10001 robot
USER robot
WORKDIR /home/robot

EXPOSE 8000
HEALTHCHECK --start-period=120s --interval=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
# Other machines are let in with a key alone: docker run -e SIGHTLINE_API_KEY; without one the server says so and ends.
ENTRYPOINT ["sightline", "serve", "--host", "0.0.0.0"]
CMD ["--policy", "tiny"]
