# L* bench on the CPU. Build: docker build -t lstar-bench .
# Run: docker run --rm -v "$PWD/results:/home/bench/results" lstar-bench run --all
FROM python:3.11-slim

COPY . /src
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu "/src[dims]" \
    && rm -rf /src \
    && useradd --create-home bench

USER bench
WORKDIR /home/bench
ENV BENCH_DATA=/home/bench/data
ENTRYPOINT ["bench"]
CMD ["--help"]
