FROM scratch
APP editor local://install.sh
COPY . .
LAUNCH ["editor"]
