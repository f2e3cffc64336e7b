"""ROS bags and MCAP files."""
