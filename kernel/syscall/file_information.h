/*
 * file_information.h - the properties of a file in the structures that programs see.
 */
#pragma once

#include "file_object.h"

struct nt_file_basic_information file_basic_information(const struct file_properties *properties);
struct nt_file_network_open_information
file_network_information(const struct file_properties *properties);
