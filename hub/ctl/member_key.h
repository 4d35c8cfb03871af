// tocsinctl member key: its words behind "member key".
#pragma once

#include "hub/ctl/ctl.h"

ctl_command member_key;
