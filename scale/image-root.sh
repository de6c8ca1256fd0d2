#!/bin/sh
# Lays out the root folder of a small image: glz with the packages that it runs on, Node, the C library, and nothing else. Run in the
# build stage of the Dockerfile beside it, on Linux with glibc; without Docker as well, for chroot.
#
#   scale/image-root.sh PROJECT ROOT     PROJECT: a built checkout whose node_modules hold no development packages; ROOT: is made
set -eu
project=$1
root=$2
arch=$(node -p process.arch)
test -f "$project/dist/index.js" || { echo "$0: $project is not built: npm run build" >&2; exit 1; }
mkdir "$root"
app=$root/app
mkdir -p "$app" "$root/etc" "$root/tmp" "$root/usr/bin"
chmod 1777 "$root/tmp"

for part in bin dist configs checkpoints package.json LICENSE; do cp -R "$project/$part" "$app/"; done
# A package of its own: who wants it in the image adds it.
rm -rf "$app/checkpoints/glz-multi"
cp -R "$project/node_modules" "$app/"
modules=$app/node_modules
# Other platforms' binaries.
find "$modules/onnxruntime-node/bin" -mindepth 3 -maxdepth 3 -type d ! -path "*/linux/$arch" -exec rm -r {} +
find "$modules/tokenizers" -name '*.node' ! -name "tokenizers.linux-$arch-gnu.node" -delete
# Of tfjs-core Node reads one file.
find "$modules/@tensorflow/tfjs-core/dist" -type f ! -name tf-core.node.js -delete
# What only compilers and debuggers read.
find "$app" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
find "$app" -type d -empty -delete
rm -rf "$modules/.bin" "$modules/.cache"

# Node, and the libraries that it and the native packages are linked to.
cp "$(node -p process.execPath)" "$root/usr/bin/node"
{ echo "$root/usr/bin/node"; find "$modules" -name '*.node' -o -name '*.so.1'; } | xargs ldd 2>/dev/null |
  grep -o '/[^ ]*/[^ ]*\.so[^ ]*' | grep -v "^$root" | sort -u | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
# Names are looked up with these; certificates are Node's own.
for name in libnss_files.so.2 libnss_dns.so.2 libresolv.so.2; do
  found=$(find /lib /usr/lib -name "$name" 2>/dev/null | head -1)
  if [ -n "$found" ]; then mkdir -p "$root$(dirname "$found")" && cp -L "$found" "$root$found"; fi
done
echo 'glz:x:65532:65532::/tmp:/sbin/nologin' >"$root/etc/passwd"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
