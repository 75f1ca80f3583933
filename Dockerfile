# L* bench on the CPU. Build: docker build -t lstar-bench .
# Run: docker run --rm -v "$PWD/results:/work/results" lstar-bench run --all
FROM python:3.11-slim

COPY . /src
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu "/src[dims]" \
    && rm -rf /src \
    && useradd --create-home bench \
    && mkdir /work && chown bench /work

USER bench
WORKDIR /work
ENV BENCH_DATA=/work/data
ENTRYPOINT ["bench"]
CMD ["--help"]
